// Random schedules of known algorithms, in the checking interpreter.

#include "deep.h"
#include "named_algorithms.h"

using namespace lathe;

TEST_CASE("random schedules of named algorithms make the same terms as their references") {
    const auto all = named_algorithms();
    CHECK(all.size() == 13);
    for (const NamedAlgorithm& named : all) {
        int accepted = 0, refused = 0;
        for (int seed = 0; seed < count(12, 400); ++seed) {
            std::mt19937 random(static_cast<unsigned>(seed));
            const Program p = named.make();
            Schedule s(p.algorithm);
            for (int n = 0; n < 10; ++n)
                random_call(s, p.algorithm, random) ? ++accepted : ++refused;
            INFO(named.name << ", seed " << seed << "\n" << s.trace());
            expect_right(s, p.sizes);
        }
        MESSAGE(named.name << ": accepted " << accepted << ", refused " << refused);
        CHECK(accepted > refused / 12);
    }
}
