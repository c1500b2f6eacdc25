#include "lathe/driver/plot.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace lathe {

namespace {

constexpr double width = 720, height = 440, left = 70, right = 20, top = 40, bottom = 60;
constexpr const char* colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#555555"};

std::string escaped(const std::string& text) {
    std::string s;
    for (const char c : text)
        s += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return s;
}

/// One axis: from data to pixels, and where marks stand.
struct Axis {
    double low = 0, high = 1, from = 0, to = 1;
    bool logarithmic = false;

    Axis(double l, double h, double f, double t, bool log)
        : low(log ? std::log10(l) : l), high(log ? std::log10(h) : h), from(f), to(t), logarithmic(log) {
        if (!(high > low)) low -= 0.5, high = low + 1;
    }
    double at(double v) const {
        return from + ((logarithmic ? std::log10(v) : v) - low) / (high - low) * (to - from);
    }
    /// 1, 2 and 5 of each power of ten.
    std::vector<double> powers() const {
        std::vector<double> all;
        for (double p = std::floor(low); p <= high; ++p)
            for (const double digit : {1.0, 2.0, 5.0})
                if (const double v = digit * std::pow(10, p); std::log10(v) >= low && std::log10(v) <= high)
                    all.push_back(v);
        return all;
    }
    std::vector<double> marks() const {
        if (logarithmic) return powers();
        const double rough = (high - low) / 8, power = std::pow(10, std::floor(std::log10(rough)));
        double step = 10 * power;
        for (const double s : {5.0, 2.0, 1.0})
            if (s * power >= rough) step = s * power;
        std::vector<double> all;
        for (double v = std::ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step)
            all.push_back(std::abs(v) < step * 1e-9 ? 0 : v);
        return all;
    }
};

std::string text(double x, double y, const char* anchor, const std::string& t, const char* more = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                       escaped(t));
}

std::string line(double x1, double y1, double x2, double y2, const char* colour) {
    return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1,
                       y1, x2, y2, colour);
}

std::string drawn(const PlotSeries& s, const Axis& x, const Axis& y, const char* colour) {
    std::string all;
    if (s.line) {
        for (const auto& [u, v] : s.points)
            all += fmt::format("{:.1f},{:.1f} ", x.at(u), y.at(v));
        all = fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>\n",
                          colour, all);
    }
    for (const auto& [u, v] : s.marks ? s.points : decltype(s.points)())
        all += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n", x.at(u), y.at(v),
                           colour);
    return all;
}

} // namespace

std::string svg(const Plot& given) {
    Plot plot = given;
    for (PlotSeries& s : plot.series)
        std::erase_if(s.points, [&](const auto& p) {
            const bool shown = std::isfinite(p.first) && std::isfinite(p.second);
            return plot.logarithmic && !(shown && p.first > 0 && p.second > 0);
        });
    std::vector<double> xs, ys;
    for (const PlotSeries& s : plot.series)
        for (const auto& [u, v] : s.points) {
            xs.push_back(u);
            ys.push_back(v);
        }
    if (xs.empty()) xs = ys = {plot.logarithmic ? 1.0 : 0.0};
    const auto [x0, x1] = std::ranges::minmax(xs);
    const auto [y0, y1] = std::ranges::minmax(ys);
    const double margin = plot.logarithmic ? 0 : (y1 - y0) * 0.05, more = plot.logarithmic ? 1.25 : 1;
    const Axis x(x0, x1, left, width - right, plot.logarithmic),
        y(y0 / more - margin, y1 * more + margin, height - bottom, top, plot.logarithmic);
    std::string all = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        width, height);
    all += text(width / 2, 22, "middle", plot.title, " font-size=\"15\"");
    for (const double v : x.marks()) {
        all += line(x.at(v), top, x.at(v), height - bottom, "#e0e0e0");
        all += text(x.at(v), height - bottom + 18, "middle", fmt::format("{:g}", v));
    }
    for (const double v : y.marks()) {
        all += line(left, y.at(v), width - right, y.at(v), "#e0e0e0");
        all += text(left - 8, y.at(v) + 4, "end", fmt::format("{:g}", v));
    }
    all += line(left, top, left, height - bottom, "black") +
           line(left, height - bottom, width - right, height - bottom, "black");
    all += text(width / 2, height - 14, "middle", plot.x);
    all += text(0, 0, "middle", plot.y,
                fmt::format(" transform=\"translate(18,{:.0f}) rotate(-90)\"", height / 2).c_str());
    size_t n = 0;
    for (const PlotSeries& s : plot.series) {
        const char* colour = colours[n % std::size(colours)];
        all += drawn(s, x, y, colour);
        const double v = height - bottom - 14 - 20 * static_cast<double>(plot.series.size() - 1 - n);
        all += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", width - right - 12,
                           v - 4, colour);
        all += text(width - right - 22, v, "end", s.name);
        ++n;
    }
    return all + "</svg>\n";
}

} // namespace lathe
