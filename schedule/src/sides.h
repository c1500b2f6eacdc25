#pragma once
/// \file The Module of a schedule some of whose stages run on the device.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// Stages of the device that stand one behind the other become a Function of the device, which the top
/// Function calls with tensors of the device, and copies move what both sides touch. \throws Error (by
/// e.refuse) when a stage cannot go there.
Module with_sides(const Edit& e);

} // namespace lathe::schedule
