#include "drawn.h"

#include "random_calls.h"

using namespace lathe;

void drawn(std::string_view primitive) {
    constexpr Program (*families[])(std::mt19937&) = {make_program, random_calls, random_windows,
                                                      random_rows};
    constexpr unsigned most_programs = 480;
    constexpr int calls = 14;
    INFO(primitive);
    for (unsigned seed = 0; seed < most_programs; ++seed) {
        std::mt19937 random(seed);
        const Program p = families[seed % std::size(families)](random);
        Schedule s(p.algorithm);
        const auto has_it = [&] {
            for (const schedule::Step& step : s.steps())
                if (step.primitive->name == primitive) return true;
            return false;
        };
        for (int n = 0; n < calls; ++n) {
            random_call(s, p.algorithm, random);
            if (!has_it()) continue;
            INFO("seed " << seed << "\n" << s.trace());
            expect_right(s, p.sizes);
            return;
        }
    }
    FAIL("no random schedule has it");
}
