#pragma once
/// \file Plots as SVG.

#include <string>
#include <vector>

namespace lathe {

struct PlotSeries {
    std::string name;
    std::vector<std::pair<double, double>> points;
    bool line = true;  ///< points joined in order; else marks alone
    bool marks = true; ///< at the points
};

struct Plot {
    std::string title, x, y; ///< of the axes
    std::vector<PlotSeries> series;
    bool logarithmic = false; ///< both axes: what is not above 0 is left out
};

/// The plot as an SVG document, on white.
std::string svg(const Plot& plot);

} // namespace lathe
