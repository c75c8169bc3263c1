// Template: optimizer updates, one pass over the parameters. The scalars are combined in double
// before they are rounded to the scalar type (1 - decay loses most of its digits otherwise).

static void NAME(adam)(Real *p, const Real *g, Real *m, Real *v, Real *largest, size_t count,
                       double rate, double decay1, double decay2, double epsilon,
                       double correction1, double correction2, double weight_decay,
                       double decoupled_decay) {
  const Real keep1 = (Real)decay1, take1 = (Real)(1 - decay1);
  const Real keep2 = (Real)decay2, take2 = (Real)(1 - decay2);
  const Real step = (Real)(rate / correction1), inverse2 = (Real)(1 / correction2);
  const Real floor = (Real)epsilon, added_decay = (Real)weight_decay;
  const Real shrink = (Real)(1 - rate * decoupled_decay);
  TK_FOR_EACH_VECTOR(count, {
    Vector parameter = NAME(load)(p + index, width);
    Vector gradient = NAME(load)(g + index, width);
    if (weight_decay != 0) gradient += added_decay * parameter;
    Vector mean = keep1 * NAME(load)(m + index, width) + take1 * gradient;
    Vector spread = keep2 * NAME(load)(v + index, width) + take2 * (gradient * gradient);
    NAME(store)(mean, m + index, width);
    NAME(store)(spread, v + index, width);
    if (largest != NULL) {
      // A NaN of the spread fails the comparison and is kept.
      Vector before = NAME(load)(largest + index, width);
      spread = NAME(select)(before >= spread, before, spread);
      NAME(store)(spread, largest + index, width);
    }
    Vector change = (step * mean) / (NAME(square_root)(spread * inverse2) + floor);
    NAME(store)(shrink * parameter - change, p + index, width);
  });
}

// Moves elements whose gradient is not zero, and leaves the others and their moments alone. Element i counts its own
// steps in counts[i]; NULL for one count, whose corrections are the first ones.
static void NAME(adam_touched)(Real *p, const Real *g, Real *m, Real *v, Real *counts,
                               size_t count, double rate, double decay1, double decay2,
                               double epsilon, const Real *corrections1,
                               const Real *corrections2, double weight_decay,
                               double decoupled_decay) {
  enum { block = 16 };
  const Real keep1 = (Real)decay1, take1 = (Real)(1 - decay1);
  const Real keep2 = (Real)decay2, take2 = (Real)(1 - decay2);
  const Real floor = (Real)epsilon, added_decay = (Real)weight_decay;
  const Real shrink = (Real)(1 - rate * decoupled_decay), pace = (Real)rate;
  for (size_t start = 0; start < count; start += block) {
    const size_t size = count - start < block ? count - start : block;
    const Real *slope = g + start;
    bool touched = false;
    for (size_t i = 0; i < size; i++) touched |= slope[i] != 0;
    if (!touched) continue;
    Real first[block], second[block];
    for (size_t i = 0; i < size; i++) {
      const size_t steps = counts == NULL ? 0 : (size_t)counts[start + i] + (slope[i] != 0);
      if (counts != NULL) counts[start + i] = (Real)steps;
      first[i] = corrections1[steps];
      second[i] = corrections2[steps];
    }
    for (size_t i = 0; i < size; i++) {
      const size_t at = start + i;
      const bool moved = slope[i] != 0;
      const Real gradient = slope[i] + added_decay * p[at];
      const Real mean = keep1 * m[at] + take1 * gradient;
      const Real spread = keep2 * v[at] + take2 * (gradient * gradient);
      const Real change =
        pace * (second[i] / first[i]) * mean / (__builtin_elementwise_sqrt(spread) + floor);
      p[at] = moved ? shrink * p[at] - change : p[at];
      m[at] = moved ? mean : m[at];
      v[at] = moved ? spread : v[at];
    }
  }
}

static void NAME(sgd)(Real *p, const Real *g, Real *velocity, size_t count, double rate,
                      double momentum, bool nesterov, double weight_decay) {
  const Real step = (Real)rate, keep = (Real)momentum, added_decay = (Real)weight_decay;
  TK_FOR_EACH_VECTOR(count, {
    Vector parameter = NAME(load)(p + index, width);
    Vector gradient = NAME(load)(g + index, width);
    if (weight_decay != 0) gradient += added_decay * parameter;
    if (velocity != NULL) {
      Vector speed = keep * NAME(load)(velocity + index, width) + gradient;
      NAME(store)(speed, velocity + index, width);
      gradient = nesterov ? gradient + keep * speed : speed;
    }
    NAME(store)(parameter - step * gradient, p + index, width);
  });
}
