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

// Entries whose gradient is zero are left alone; where all of a vector are, nothing else is read. `counts`, if there
// are any, are the steps that each entry has made, and say which of the known corrections is its own.
static void NAME(sparse_adam)(Real *p, const Real *g, Real *m, Real *v, Real *largest,
                              Real *counts, size_t count, double rate, double decay1,
                              double decay2, double epsilon, const Real *factors,
                              const Real *inverses, size_t known, double weight_decay,
                              double decoupled_decay) {
  const Real keep1 = (Real)decay1, take1 = (Real)(1 - decay1);
  const Real keep2 = (Real)decay2, take2 = (Real)(1 - decay2);
  const Real floor = (Real)epsilon, added_decay = (Real)weight_decay, speed = (Real)rate;
  const Real shrink = (Real)(1 - rate * decoupled_decay);
  TK_FOR_EACH_VECTOR(count, {
    Vector gradient = NAME(load)(g + index, width);
    // True for NaN, and false for the lanes beyond the last element.
    Integers touched = gradient != (Vector){0};
    if (NAME(any)(touched)) {
      Vector factor = NAME(broadcast)(factors[0]);
      Vector inverse = NAME(broadcast)(inverses[0]);
      if (counts != NULL) {
        Vector made = NAME(load)(counts + index, width);
        made = NAME(select)(touched, made + NAME(broadcast)(1), made);
        NAME(store)(made, counts + index, width);
        for (size_t lane = 0; lane < NAME(lanes); lane++) {
          Real steps = made[lane];
          size_t place = steps < (Real)known ? (steps >= 1 ? (size_t)steps - 1 : 0) : known - 1;
          factor[lane] = factors[place];
          inverse[lane] = inverses[place];
        }
      }
      Vector parameter = NAME(load)(p + index, width);
      Vector slope = gradient;
      if (weight_decay != 0) slope += added_decay * parameter;
      Vector mean = NAME(load)(m + index, width);
      Vector spread = NAME(load)(v + index, width);
      mean = NAME(select)(touched, keep1 * mean + take1 * slope, mean);
      spread = NAME(select)(touched, keep2 * spread + take2 * (slope * slope), spread);
      NAME(store)(mean, m + index, width);
      NAME(store)(spread, v + index, width);
      if (largest != NULL) {
        Vector before = NAME(load)(largest + index, width);
        Vector after = NAME(select)(before >= spread, before, spread);
        spread = NAME(select)(touched, after, before);
        NAME(store)(spread, largest + index, width);
      }
      Vector change =
          (speed * factor * mean) / (NAME(square_root)(spread * inverse) + floor);
      NAME(store)(NAME(select)(touched, shrink * parameter - change, parameter), p + index,
                  width);
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
