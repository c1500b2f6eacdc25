// Random schedules of known programs: whatever is accepted computes what the reference does, and a refused
// call changes nothing.

#include "deep.h"
#include "random_schedule.h"

using namespace lathe;

TEST_CASE("random schedules compute what the reference does") {
    int accepted = 0, refused = 0;
    for (int seed = 0; seed < count(60, 3000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        Program p = make_program(random);
        Schedule s(p.algorithm);
        for (int n = 0; n < 14; ++n)
            random_call(s, p.algorithm, random) ? ++accepted : ++refused;
        INFO("seed " << seed << "\n" << s.trace());
        expect_right(s, p.sizes);
    }
    for (int seed = 0; seed < count(30, 1000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        Program p = random_windows(random);
        Schedule s(p.algorithm);
        for (int n = 0; n < 10; ++n)
            random_call(s, p.algorithm, random) ? ++accepted : ++refused;
        INFO("windows, seed " << seed << "\n" << s.trace());
        expect_right(s, p.sizes);
    }
    MESSAGE("accepted " << accepted << ", refused " << refused);
    CHECK(accepted > refused / 4);
}
