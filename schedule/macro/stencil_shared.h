#pragma once
/// \file Values that a point chooses by data and uses several times, as lets.

#include "stencil_read.h"

namespace lathe::schedule::stencil {

/// The value in which a choice by data that others are made of is stated once, as a let: one that swaps two
/// elements is asked for in the next one's condition and in both of its arms, and whoever looks at each arm
/// by itself would look at it again and again. Choices whose choices are made by tables stay where they are.
Expr with_shared_choices(const Expr& value, const std::set<Symbol>& tokens);

/// Data decide in it what is chosen. \pre elements are loads, or lets of such
bool chooses_by_data(const Expr& e);

} // namespace lathe::schedule::stencil
