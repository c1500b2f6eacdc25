// unfold and relay: random rows of processes in all backends, and refusals against what the program touches.

#include "deep.h"
#include "everywhere.h"
#include "random_row.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// What was accepted and refused, and what of that was refused without a reason that a run shows.
struct Tally {
    int accepted = 0, refused = 0, needless = 0;

    void refuse(const std::string& why, const std::string& message) {
        ++refused;
        if (!why.empty()) return;
        ++needless;
        MESSAGE("needless: ", message);
    }
};

/// The message, where the call is refused.
template <class F> std::optional<std::string> tried(const Schedule& s, const F& call) {
    const std::string before = print(s);
    try {
        call();
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        REQUIRE(print(s) == before);
        return e.what();
    }
    return std::nullopt;
}

struct Rows {
    Tally unfolded, relayed;

    /// Whether the schedule has a row of processes, with relays where they are legal.
    bool make(Schedule& s, RandomRow& row, std::mt19937& random) {
        random_row_schedule(s, row, false, random);
        const Module before = s.module();
        StageHandle stage = s.stage(row.stage);
        const std::string text = print(before);
        CAPTURE(text);
        if (const auto message = tried(s, [&] { stage.unfold(row.row); })) {
            unfolded.refuse(why_no_row(before, row), *message);
            return false;
        }
        ++unfolded.accepted;
        if (row.outer.empty()) REQUIRE(!why_no_row(before, row).starts_with("dependence"));
        std::shuffle(row.tables.begin(), row.tables.end(), random);
        for (const Symbol& t : row.tables) {
            if (random() % 3 == 0) continue;
            const auto message = tried(s, [&] { stage.relay(TensorRef(t), row.row); });
            if (message)
                relayed.refuse(why_no_relay(before, row, t), *message);
            else
                ++relayed.accepted;
        }
        random_row_schedule(s, row, true, random);
        return true;
    }
};

void tell(const char* what, const Tally& t) {
    MESSAGE(std::string(what), ": ", t.accepted, " accepted, ", t.refused, " refused, ", t.needless,
            " needlessly");
}

} // namespace

TEST_CASE("unfold and relay: random rows of processes, against what iterations touch") {
    Rows rows;
    for (int seed = 0; seed < count(100, 2000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        RandomRow row = random_row(random);
        Schedule s(row.algorithm);
        if (!rows.make(s, row, random)) continue;
        const std::string text = print(s);
        CAPTURE(text);
        verify(s.module());
        REQUIRE(check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 7)) == "");
        expect_same_with_stalls(s);
        expect_same_as_code(s);
        if (seed % 4 != 0) continue;
        Schedule again(row.algorithm);
        REQUIRE(print(again.apply_trace(s.trace_json())) == print(s));
    }
    tell("unfold", rows.unfolded);
    tell("relay", rows.relayed);
    CHECK(rows.unfolded.accepted > count(40, 800));
    CHECK(rows.unfolded.refused > count(10, 200));
    CHECK(rows.relayed.accepted > count(20, 400));
    CHECK(rows.relayed.refused > count(20, 400));
}

TEST_CASE("unfold and relay: random rows as Vitis C++, 15 a file") {
    int seed = 10000;
    for (int file = 0; file < count(1, 6); ++file) {
        VitisKernels kernels;
        std::vector<Module> references;
        Rows rows;
        while (references.size() < 15) {
            std::mt19937 random(static_cast<unsigned>(seed++));
            RandomRow row = random_row(random);
            Schedule s(row.algorithm);
            const int before = rows.relayed.accepted;
            if (!rows.make(s, row, random) || rows.relayed.accepted == before) continue;
            CAPTURE(seed);
            kernels.add(s.module());
            references.push_back(s.reference());
        }
        kernels.compile();
        kernels.expect_right_stalled(references, 5);
    }
}
