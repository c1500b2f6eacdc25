// The golden networks as Vitis C++, simulated.

#include "dataflow_programs.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<DataflowProgram> all_programs() {
    std::vector<DataflowProgram> all = golden_dataflow_programs();
    for (DataflowProgram& p : dataflow_designs())
        all.push_back(std::move(p));
    return all;
}

} // namespace

TEST_CASE("golden networks as Vitis C++ compute what the interpreter does") {
    const std::vector<DataflowProgram> programs = all_programs();
    VitisKernels kernels;
    for (const DataflowProgram& p : programs) {
        CAPTURE(p.name);
        kernels.add(build(p.kernel).module);
    }
    kernels.compile();
    for (size_t k = 0; k < programs.size(); ++k) {
        CAPTURE(programs[k].name);
        kernels.expect_right(k, build(programs[k].kernel).module, {{}});
    }
}
