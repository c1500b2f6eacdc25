// Random schedules, compiled: whatever is accepted computes what the reference does in the interpreter.

#include "compiled.h"
#include "deep.h"
#include "random_schedule.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("cpu: random schedules compute what the reference does") {
    int accepted = 0, refused = 0, compiled = 0;
    for (int seed = 0; seed < count(40, 3000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed) + 100000);
        const Program p = make_program(random);
        Schedule s(p.algorithm);
        for (int n = 0; n < 14; ++n)
            random_call(s, p.algorithm, random) ? ++accepted : ++refused;
        INFO("seed " << seed);
        try {
            expect_compiled(s, p.sizes);
            ++compiled;
        } catch (const Error& e) { // what a schedule call accepted has code
            FAIL_CHECK(e.message() << "\n" << s.trace());
        }
    }
    MESSAGE("calls accepted: " << accepted << ", refused: " << refused << "; compiled: " << compiled
                               << " schedules");
    CHECK(accepted > refused / 4);
    CHECK(compiled > count(40, 3000) * 3 / 4);
}
