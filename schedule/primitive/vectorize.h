#pragma once
/// \file vectorize: the iterations become the lanes of vectors.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive vectorize;
}

} // namespace lathe::schedule
