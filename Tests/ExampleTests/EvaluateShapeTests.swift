import Foundation
import INRZoo
import Testing

@Suite("EvaluateShape")
struct EvaluateShapeTests {
  /// The measures of the last line on standard output.
  private func measures(_ run: ProgramRun) throws -> [String: Double] {
    let line = try #require(run.outputLines.last)
    let fields = line.split(separator: " ").map { $0.split(separator: "=") }
    #expect(
      fields.map { $0.first } == [
        "chamfer_l1", "chamfer_l2", "normal_consistency", "f_score", "iou",
      ])
    return Dictionary(
      uniqueKeysWithValues: try fields.map { (String($0[0]), try #require(Double($0[1]))) })
  }

  private func write(_ mesh: TriangleMesh, _ name: String, in folder: URL) throws {
    try mesh.write(to: folder.appendingPathComponent(name).path)
  }

  @Test("A mesh fits itself, and the measures of two spheres are those of their radii")
  func spheres() throws {
    try withTemporaryFolder { root in
      try write(.sphere(radius: 1, subdivisions: 5), "large.ply", in: root)
      try write(.sphere(radius: 0.9, subdivisions: 5), "small.obj", in: root)
      let options = ["--samples", "20000", "--resolution", "64"]
      let same = try ProgramRun(
        "EvaluateShape",
        ["--mesh", "large.ply", "--reference", "large.ply", "--threshold", "0.06"] + options,
        in: root)
      #expect(same.code == 0, "\(same.standardError)")
      let own = try measures(same)
      // Points of both are drawn anew, so that they lie a little apart.
      #expect(own["iou"] == 1 && own["f_score"] == 1)
      #expect((own["chamfer_l1"] ?? 1) < 0.02 && (own["normal_consistency"] ?? 0) > 0.999)

      let run = try ProgramRun(
        "EvaluateShape",
        ["--mesh", "small.obj", "--reference", "large.ply", "--threshold", "0.06"] + options,
        in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let found = try measures(run)
      #expect(abs((found["chamfer_l1"] ?? 0) - 0.1) < 0.003)
      #expect(abs((found["chamfer_l2"] ?? 0) - 0.02) < 0.001)
      #expect(abs((found["iou"] ?? 0) - 0.729) < 0.02)
      // The threshold is a share of the reference's size, 2.
      #expect(found["f_score"] == 1)

      let output = root.appendingPathComponent("output")
      for name in ["front", "back"].flatMap({ side in
        ["reference", "mesh", "error"].map { "\($0)-\(side).png" }
      }) {
        #expect(try Picture(contentsOf: output.appendingPathComponent(name).path).width == 480)
      }
      let colored = try TriangleMesh(contentsOf: output.appendingPathComponent("error.ply").path)
      #expect(colored.triangles.count == 20 << 10)
      let summary = try String(
        contentsOf: output.appendingPathComponent("summary.json"), encoding: .utf8)
      #expect(summary.contains("\"boundary_edges\" : 0") && summary.contains("\"recall\""))
      let report = try String(
        contentsOf: output.appendingPathComponent("report.html"), encoding: .utf8)
      #expect(report.contains("small.obj against large.ply"))
    }
  }

  @Test("Threads change nothing, the seed does")
  func repetition() throws {
    try withTemporaryFolder { root in
      try write(.torus(), "a.ply", in: root)
      try write(.torus(tubeRadius: 0.2), "b.ply", in: root)
      func line(_ options: String...) throws -> Substring? {
        try ProgramRun(
          "EvaluateShape",
          ["--mesh", "a.ply", "--reference", "b.ply", "--samples", "500", "--resolution", "16"]
            + options, in: root
        ).outputLines.last
      }
      let first = try line("--threads", "1")
      #expect(try line("--threads", "3") == first && first != nil)
      #expect(try line("--seed", "2") != first)
    }
  }

  @Test(
    "What cannot be measured is refused",
    arguments: [
      (["--reference", "a.ply"], Int32(64), "--mesh is missing"),
      (["--mesh", "a.ply"], 64, "--reference is missing"),
      (["--mesh", "a.ply", "--reference", "absent.ply"], 66, "no such file"),
      (["--mesh", "a.ply", "--reference", "a.txt"], 64, "does not end"),
      (["--mesh", "a.ply", "--reference", "broken.stl"], 65, "broken.stl"),
      (["--mesh", "flat.off", "--reference", "a.ply"], 65, "without an area"),
      (["--mesh", "a.ply", "--reference", "a.ply", "--threshold", "0"], 64, "threshold"),
    ])
  func refusals(arguments: [String], code: Int32, part: String) throws {
    try withTemporaryFolder { root in
      try write(.sphere(), "a.ply", in: root)
      for (name, text) in [
        ("a.txt", "0 0 0"), ("broken.stl", "solid a\nfacet"),
        ("flat.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n2 0 0\n3 0 1 2\n"),
      ] {
        try text.write(
          to: root.appendingPathComponent(name), atomically: true, encoding: .utf8)
      }
      let run = try ProgramRun("EvaluateShape", arguments, in: root)
      #expect(run.code == code && run.standardError.contains(part), "\(run.standardError)")
    }
  }
}
