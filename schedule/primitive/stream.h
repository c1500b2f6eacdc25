#pragma once
/// \file stream: what one stage computes goes to another through a channel, while both run.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive stream;
}

} // namespace lathe::schedule
