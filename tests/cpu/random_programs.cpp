// Random programs, compiled as written and with random schedules, against the interpreter.

#include "compiled.h"
#include "deep.h"
#include "random_program.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("cpu: random programs") {
    std::map<std::string, int> refusals;
    int programs = 0, schedules = 0;
    for (int seed = 0; seed < count(205, 4000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        std::string trace;
        try {
            const auto [a, sizes] = random_program(random);
            expect_compiled(a.module, a.module, sizes);
            ++programs;
            Schedule s(a);
            for (int n = 0; n < 8; ++n)
                random_call(s, a, random);
            trace = s.trace();
            expect_compiled(s, sizes);
            ++schedules;
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message() << "\n" << trace);
        } catch (const Error& e) {
            ++refusals[e.message()];
        }
    }
    for (const auto& [text, times] : refusals)
        MESSAGE(times << " × " << text);
    MESSAGE(programs << " programs, " << schedules << " schedules");
    CHECK(programs >= count(200, 2000));
}
