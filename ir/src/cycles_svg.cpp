/// \file A report as a picture.

#include "lathe/ir/cycles.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

constexpr int64_t most_cycles = 2000;
constexpr double lane_height = 14, fifo_height = 12, gap = 3, top = 44;

struct Colour {
    ProcessState state;
    const char* fill;
    const char* meaning;
};
constexpr Colour colours[] = {{ProcessState::busy, "#4c78a8", "busy"},
                              {ProcessState::waits_for_token, "#f2c14e", "waits for a token"},
                              {ProcessState::waits_for_room, "#d1495b", "waits for room"}};

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text)
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    return out;
}

class Picture {
  public:
    explicit Picture(const CycleReport& r) : report(r) {
        size_t letters = 0;
        for (const ProcessCycles& p : r.processes)
            letters = std::max(letters, p.name.size());
        for (const FifoCycles& f : r.fifos)
            letters = std::max(letters, label(f).size() + 2);
        left = 12 + 6.2 * static_cast<double>(letters);
        cycle_width = std::clamp(1200.0 / static_cast<double>(std::max<int64_t>(r.cycles, 1)), 1.0, 10.0);
    }

    std::string draw() {
        for (const ProcessCycles& p : report.processes) {
            if (p.waves.empty()) continue;
            lane(p);
            for (const FifoCycles& f : report.fifos)
                if (f.writer == p.name) fifo(f);
        }
        const double width = std::max(x(report.cycles) + 12, left + 420), height = y + 10;
        std::string all = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 "
            "{0:.0f} {1:.0f}\" font-family=\"sans-serif\" font-size=\"10\">\n"
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
            width, height);
        legend(all);
        axis(all, height);
        return all + body + "</svg>\n";
    }

  private:
    const CycleReport& report;
    double left, cycle_width, y = top;
    std::string body;

    double x(int64_t cycle) const { return left + cycle_width * static_cast<double>(cycle); }

    static std::string label(const FifoCycles& f) {
        return f.depth > 0 ? fmt::format("{} of {}", f.name, f.depth) : f.name;
    }

    void legend(std::string& out) const {
        out += fmt::format("<text x=\"6\" y=\"14\" font-weight=\"bold\">{} cycles</text>\n", report.cycles);
        double at = left;
        for (const Colour& c : colours) {
            out += fmt::format("<rect x=\"{:.1f}\" y=\"6\" width=\"10\" height=\"10\" fill=\"{}\"/>\n"
                               "<text x=\"{:.1f}\" y=\"14\">{}</text>\n",
                               at, c.fill, at + 14, c.meaning);
            at += 110;
        }
        out += fmt::format("<path d=\"M{:.1f} 15h5v-4h5\" fill=\"none\" stroke=\"#555\"/>\n"
                           "<text x=\"{:.1f}\" y=\"14\">fill of a FIFO</text>\n",
                           at, at + 14);
    }

    void axis(std::string& out, double height) const {
        int64_t step = 1;
        for (const int64_t s : {5, 10, 20, 50, 100, 200})
            if (cycle_width * static_cast<double>(step) < 40) step = s;
        for (int64_t c = 0; c <= report.cycles; c += step)
            out +=
                fmt::format("<path d=\"M{0:.1f} {1}V{2:.1f}\" stroke=\"#ddd\"/>\n"
                            "<text x=\"{0:.1f}\" y=\"36\" text-anchor=\"middle\" fill=\"#555\">{3}</text>\n",
                            x(c), top - 4, height - 6, c);
    }

    void lane(const ProcessCycles& p) {
        body += fmt::format("<text x=\"6\" y=\"{:.1f}\">{}</text>\n", y + lane_height - 3, escaped(p.name));
        for (const ProcessCycles::Span& s : p.waves) {
            const auto* c = std::ranges::find(colours, s.state, &Colour::state);
            body += fmt::format(
                "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" fill=\"{}\"/>\n",
                x(s.begin), y, x(s.end) - x(s.begin), lane_height - 2, c->fill);
        }
        y += lane_height + gap;
    }

    void fifo(const FifoCycles& f) {
        const double high = static_cast<double>(std::max<int64_t>({f.depth, f.fullest, 1}));
        const double base = y + fifo_height - 1;
        const auto level = [&](int64_t fill) {
            return base - (fifo_height - 2) * static_cast<double>(fill) / high;
        };
        body += fmt::format("<text x=\"14\" y=\"{:.1f}\" fill=\"#777\">{}</text>\n", base, escaped(label(f)));
        std::string path = fmt::format("M{:.1f} {:.1f}", x(0), base);
        for (const FifoCycles::Level& l : f.waves)
            path += fmt::format("H{:.1f}V{:.1f}", x(l.cycle), level(l.fill));
        body +=
            fmt::format("<path d=\"{}H{:.1f}\" fill=\"none\" stroke=\"#555\"/>\n", path, x(report.cycles));
        y += fifo_height + gap;
    }
};

} // namespace

std::string waves_svg(const CycleReport& report) {
    if (report.cycles > most_cycles)
        fail({}, "a picture shows at most {} cycles, and this run has {}: simulate a smaller one",
             most_cycles, report.cycles);
    const bool drawn = std::ranges::any_of(report.processes, [](const auto& p) { return !p.waves.empty(); });
    if (!drawn) fail({}, "there is nothing to draw: ask for it by CycleOptions::waves");
    return Picture(report).draw();
}

} // namespace lathe
