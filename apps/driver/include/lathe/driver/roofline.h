#pragma once
/// \file Designs below the roofs of a board: what its memory brings, and what its multipliers compute.

#include "lathe/driver/plot.h"

namespace lathe {

/// One design, as it is estimated.
struct RooflineDesign {
    double operations_per_byte = 0, gops = 0;
    std::string binding; ///< what limits it
};

/// A roof: what so many bytes per second bring, up to what is computed at most.
struct Roof {
    std::string name;
    double gigabytes = 0; ///< per second
    double gops = 0;      ///< 0: computing is no roof
};

/// GOP/s over operations for each byte, both in logarithms: a series of marks for each term that limits
/// designs, and a line for each roof.
Plot roofline(const std::string& title, const std::vector<RooflineDesign>& designs,
              const std::vector<Roof>& roofs);

} // namespace lathe
