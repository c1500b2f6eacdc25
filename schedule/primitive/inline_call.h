#pragma once
/// \file inline_call: the body of a Function stands where it is called.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive inline_call;
}

} // namespace lathe::schedule
