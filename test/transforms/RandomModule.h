//===- RandomModule.h - random functions of nn, as text -------------------===//

#ifndef HEDDLE_TEST_TRANSFORMS_RANDOMMODULE_H
#define HEDDLE_TEST_TRANSFORMS_RANDOMMODULE_H

#include <string>

namespace heddle::test {

/// A module of an entry and two blocks: elementwise ops, products, sums behind
/// products, softmax, means, calls, loops in loops that carry one to three
/// values, and several results. The same for a seed everywhere.
std::string randomModule(unsigned seed);

} // namespace heddle::test

#endif // HEDDLE_TEST_TRANSFORMS_RANDOMMODULE_H
