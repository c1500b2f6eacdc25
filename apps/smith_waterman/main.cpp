/// \file Scores pairs of sequences, the second of each pair a mutated copy of the first, by the generated
/// library (or its Vitis kernel), and compares each score with plain C++.

#include "smith_waterman.h"
#include "smith_waterman/algorithm.h"
#include "support/arguments.h"
#include "support/descriptor.h"
#include "support/measure.h"
#include "support/report.h"
#include "support/threads.h"
#include "support/vitis.h"

#include <random>

namespace {

using namespace lathe;

using Sequence = std::vector<uint8_t>;

/// `s` with one base in ten replaced, lost, or preceded by another; as long as before.
Sequence mutated(const Sequence& s, std::minstd_rand& random) {
    Sequence m;
    for (uint8_t base : s)
        switch (random() % 30) {
        case 0:
            m.push_back(random() % 4);
            break;
        case 1:
            break;
        case 2:
            m.push_back(random() % 4);
            [[fallthrough]];
        default:
            m.push_back(base);
        }
    while (m.size() < s.size())
        m.push_back(random() % 4);
    m.resize(s.size());
    return m;
}

struct Pairs {
    std::vector<Sequence> first, second;
    Pairs(int64_t pairs, int64_t length) {
        std::minstd_rand random(7);
        for (int64_t p = 0; p < pairs; ++p) {
            Sequence s(static_cast<size_t>(length));
            for (uint8_t& base : s)
                base = random() % 4;
            second.push_back(mutated(s, random));
            first.push_back(std::move(s));
        }
    }
    /// [position, pair].
    static AnyBuffer buffer(const std::vector<Sequence>& all) {
        const auto length = static_cast<int64_t>(all[0].size()), pairs = static_cast<int64_t>(all.size());
        AnyBuffer b(UInt(2), {length, pairs});
        for (int64_t p = 0; p < pairs; ++p)
            for (int64_t i = 0; i < length; ++i)
                b.set({i, p}, Value::from_raw(UInt(2), all[static_cast<size_t>(p)][static_cast<size_t>(i)]));
        return b;
    }
};

int plain_score(const Sequence& a, const Sequence& b, const Scores& s) {
    std::vector<int> row(b.size() + 1, 0);
    int best = 0;
    for (uint8_t base : a) {
        int diagonal = 0;
        for (size_t j = 1; j <= b.size(); ++j) {
            const int above = row[j];
            const int pair = diagonal + (base == b[j - 1] ? s.match : s.mismatch);
            row[j] = std::max({0, pair, above + s.gap, row[j - 1] + s.gap});
            best = std::max(best, row[j]);
            diagonal = above;
        }
    }
    return best;
}

void run_on_cpu(const Pairs& pairs, support::Report& report) {
    const AnyBuffer a = Pairs::buffer(pairs.first), b = Pairs::buffer(pairs.second);
    const auto count = static_cast<int64_t>(pairs.first.size()), length = a.extent(0);
    AnyBuffer score(Int(16), {count});
    support::Descriptor first(a), second(b), out(score);
    if (const int error = smith_waterman(first, second, out))
        ir::fail({}, "smith_waterman returned error {}", error);
    const auto plain = [&] {
        int64_t wrong = 0;
        for (int64_t p = 0; p < count; ++p) {
            const auto at = static_cast<size_t>(p);
            wrong += plain_score(pairs.first[at], pairs.second[at], {}) != score.get({p}).as_int64();
        }
        return wrong;
    };
    if (const int64_t wrong = plain()) ir::fail({}, "{} of {} scores differ from plain C++", wrong, count);
    report.text("scores", fmt::format("{} pairs of {} bases, all equal to plain C++'s", count, length));
    const double cells = static_cast<double>(count) * static_cast<double>(length * length);
    for (int threads : {1, 2}) {
        support::use_threads(threads);
        const auto [ours, theirs] =
            support::best_in_turns([&] { smith_waterman(first, second, out); }, [&] { plain(); }, 3, 1.0);
        const auto name = fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
        report.figure(name, cells / ours * 1e-9, "GCUPS");
        report.figure(name + ", beside plain C++ on one", theirs / ours, "x");
    }
}

void run_on_vitis(const Pairs& pairs, const std::string& folder, support::Report& report) {
    VitisOptions options{.top = "smith_waterman"};
    options.inputs = {Pairs::buffer(pairs.first), Pairs::buffer(pairs.second)};
    const auto& a = options.inputs[0];
    report.text("scores", support::run_vitis(vitis_schedule(smith_waterman(), a.extent(0), a.extent(1)),
                                             folder, options));
    report.text("project", folder);
}

} // namespace

int main(int argc, char** argv) try {
    int64_t pairs = 256, length = 128;
    std::string target = "cpu", folder = "smith_waterman_vitis", json;
    support::Arguments arguments("Local alignment scores of pairs of sequences with mutations");
    arguments.number("--pairs", pairs, 1, 1000000);
    arguments.number("--length", length, 1, 10000);
    arguments.targets(target, folder);
    arguments.json(json);
    if (const auto status = arguments.read(argc, argv)) return *status;
    support::Report report(json);
    if (target == "vitis") {
        run_on_vitis(Pairs(std::min<int64_t>(pairs, 16), std::min<int64_t>(length, 32)), folder, report);
    } else {
        support::pin_to_cores(2);
        run_on_cpu(Pairs(pairs, length), report);
    }
    report.write_json();
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "smith_waterman: %s\n", e.what());
    return 1;
}
