// Subscripts, conditions and bounds that leave 64 bits on the way: as Vitis C++, against the interpreter.

#include "wide_index.h"
#include "deep.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

void expect_right(const std::vector<WideProgram>& programs) {
    VitisKernels kernels;
    for (const WideProgram& p : programs)
        kernels.add(p.module);
    kernels.compile();
    for (size_t k = 0; k < programs.size(); ++k) {
        CAPTURE(programs[k].name);
        INFO(kernels.source(k));
        std::vector<AnyBuffer> copies;
        std::vector<AnyBuffer*> arguments;
        for (const AnyBuffer& b : programs[k].arguments)
            copies.push_back(b.copy());
        for (AnyBuffer& b : copies)
            arguments.push_back(&b);
        const std::string error = kernels.run(k, arguments, programs[k].scalars);
        const auto right = interpreted(programs[k]);
        CHECK_MESSAGE(error.empty() == right.has_value(), error);
        if (right && error.empty()) CHECK(bit_equal(*right, copies.back()));
    }
}

} // namespace

TEST_CASE("hls: numbers that leave 64 bits on the way") {
    expect_right(wide_programs());
}

TEST_CASE("hls: random numbers that leave 64 bits on the way") {
    std::vector<WideProgram> programs;
    for (int seed = 0; seed < count(28, 600); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        try {
            programs.push_back(random_wide_program(random));
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // a constant subscript out of bounds
        }
        if (programs.size() == 30) {
            expect_right(programs);
            programs.clear();
        }
    }
    if (!programs.empty()) expect_right(programs);
}
