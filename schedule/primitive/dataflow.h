#pragma once
/// \file dataflow: stages side by side run at the same time.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive dataflow;
}

} // namespace lathe::schedule
