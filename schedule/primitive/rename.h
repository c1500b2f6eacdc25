#pragma once
/// \file rename: another display name for a loop.

#include "../src/edit.h"

namespace lathe {

void rename(Edit& e);

} // namespace lathe
