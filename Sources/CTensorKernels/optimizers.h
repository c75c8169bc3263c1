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
  const Real keep1 = (Real)decay1, take1 = (Real)(1 - decay1);
  const Real keep2 = (Real)decay2, take2 = (Real)(1 - decay2);
  const Real floor = (Real)epsilon, added_decay = (Real)weight_decay;
  const Real shrink = (Real)(1 - rate * decoupled_decay), pace = (Real)rate;
  TK_FOR_EACH_VECTOR(count, {
    Vector slope = NAME(load)(g + index, width);
    // True for NaN, and false for the lanes beyond the last element.
    Integers touched = slope != (Vector){0};
    // Where no element of a vector is, nothing else is read.
    if (NAME(any)(touched)) {
      Vector factor = NAME(broadcast)(pace * (corrections2[0] / corrections1[0]));
      if (counts != NULL) {
        Vector made = NAME(load)(counts + index, width);
        made = NAME(select)(touched, made + NAME(broadcast)(1), made);
        NAME(store)(made, counts + index, width);
        for (size_t lane = 0; lane < NAME(lanes); lane++) {
          const size_t steps = (size_t)made[lane];
          factor[lane] = pace * (corrections2[steps] / corrections1[steps]);
        }
      }
      Vector parameter = NAME(load)(p + index, width);
      Vector mean = NAME(load)(m + index, width);
      Vector spread = NAME(load)(v + index, width);
      if (weight_decay != 0) slope += added_decay * parameter;
      mean = NAME(select)(touched, keep1 * mean + take1 * slope, mean);
      spread = NAME(select)(touched, keep2 * spread + take2 * (slope * slope), spread);
      NAME(store)(mean, m + index, width);
      NAME(store)(spread, v + index, width);
      Vector change = factor * mean / (NAME(square_root)(spread) + floor);
      NAME(store)(NAME(select)(touched, shrink * parameter - change, parameter), p + index, width);
    }
  });
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
