#include "lathe/driver/roofline.h"

#include <algorithm>
#include <map>

namespace lathe {

Plot roofline(const std::string& title, const std::vector<RooflineDesign>& designs,
              const std::vector<Roof>& roofs) {
    Plot plot{title, "operations for each byte of memory", "GOP/s", {}, true};
    double low = 0, high = 0;
    std::map<std::string, PlotSeries> by_term;
    for (const RooflineDesign& d : designs) {
        if (!(d.operations_per_byte > 0)) continue;
        low = low == 0 ? d.operations_per_byte : std::min(low, d.operations_per_byte);
        high = std::max(high, d.operations_per_byte);
        PlotSeries& s = by_term[d.binding];
        s.name = "limited by " + d.binding;
        s.line = false;
        s.points.emplace_back(d.operations_per_byte, d.gops);
    }
    for (const auto& [term, series] : by_term)
        plot.series.push_back(series);
    if (low == 0) return plot;
    for (const Roof& r : roofs)
        if (r.gigabytes > 0) high = std::max(high, r.gops / r.gigabytes);
    low /= 1.5;
    high *= 1.5;
    for (const Roof& r : roofs) {
        if (!(r.gigabytes > 0)) continue;
        const double most = r.gops > 0 ? r.gops : high * r.gigabytes;
        const double ridge = most / r.gigabytes; // from here on computing is the roof
        PlotSeries s{r.name, {{low, std::min(low * r.gigabytes, most)}}, true, false};
        if (ridge > low && ridge < high) s.points.emplace_back(ridge, most);
        s.points.emplace_back(high, std::min(high * r.gigabytes, most));
        plot.series.push_back(s);
    }
    return plot;
}

} // namespace lathe
