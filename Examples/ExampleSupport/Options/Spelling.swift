/// Finds the name that was probably meant.
enum Spelling {
  /// The nearest name, if it is near enough to be a slip of the keyboard.
  static func nearest(to text: String, in names: [String]) -> String? {
    let typed = text.lowercased()
    let limit = max(1, min(3, typed.count / 3))
    var best: (name: String, distance: Int)?
    for name in names {
      let distance = editDistance(typed, name.lowercased())
      if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
    }
    if let best { return best.name }
    let prefixed = names.filter { typed.count >= 2 && $0.lowercased().hasPrefix(typed) }
    return prefixed.count == 1 ? prefixed.first : nil
  }

  /// How many insertions, deletions, replacements and swaps of neighbours separate two words.
  static func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first)
    let b = Array(second)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var current = [Int](repeating: i, count: b.count + 1)
      for j in 1...b.count {
        let replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        current[j] = min(replaced, previous[j] + 1, current[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], beforePrevious[j - 2] + 1)
        }
      }
      beforePrevious = previous
      previous = current
    }
    return previous[b.count]
  }
}
