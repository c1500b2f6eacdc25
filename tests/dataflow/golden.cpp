// The golden networks: stated, printed, verified, interpreted, run by the JIT, and simulated as Vitis C++.

#include "dataflow_programs.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/ir/verify.h"
#include "programs.h"
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

std::vector<AnyBuffer> interpreted(const Module& m, const std::vector<AnyBuffer>& given,
                                   const InterpretOptions& options = {}) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> pointers;
    for (const AnyBuffer& b : given)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        pointers.push_back(&b);
    interpret(m, pointers, {}, options);
    return copies;
}

} // namespace

TEST_CASE("golden networks are printed and verified") {
    for (const DataflowProgram& p : all_programs()) {
        CAPTURE(p.name);
        const Algorithm a = build(p.kernel);
        verify(a.module);
        CHECK(print(a.module).find(p.cyclic || p.name == "calls twice" ? "def" : "dataflow:") !=
              std::string::npos);
    }
    CHECK(print(build(golden_dataflow_programs()[0].kernel).module) ==
          R"(def chain(x: Tensor[Int(32), (16)], y: out Tensor[Int(32), (16)]):
    # chain.init
    dataflow:
        stream s: Int(32)[9], depth 2
        load(x, 16, s[0])
        spawn add(16, Int(32)(p), s[p], s[p + 1]) for p in [0, 8)
        store(out y, 16, s[8])

def load(from: Tensor[Int(32), (N)], out stream out: Int(32)), params N:
    # load.init
    for i in range(N):
        push out = from[i]

def add(stream in: Int(32), out stream out: Int(32)), params N, amount: Int(32):
    assert N >= 0, "the size N is negative"
    assert N <= 2147483647, "the size N exceeds 2147483647"
    # add.init
    for i in range(N):
        let in_token = pop in
        push out = in_token * 2 + amount

def store(to: out Tensor[Int(32), (N)], stream in: Int(32)), params N:
    # store.init
    for i in range(N):
        let in_token = pop in
        to[i] = in_token
)");
}

TEST_CASE("golden networks compute the same under every order of turns") {
    for (const DataflowProgram& p : all_programs()) {
        CAPTURE(p.name);
        const Module m = build(p.kernel).module;
        const std::vector<AnyBuffer> given = make_arguments(m, {}, 5), right = interpreted(m, given);
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            InterpretOptions options;
            options.stall_seed = seed;
            const std::vector<AnyBuffer> again = interpreted(m, given, options);
            for (size_t n = 0; n < right.size(); ++n)
                CHECK(bit_equal(right[n], again[n]));
        }
    }
}

TEST_CASE("golden networks in order, and by the JIT") {
    for (const DataflowProgram& p : all_programs()) {
        CAPTURE(p.name);
        const Schedule s(p.kernel);
        const std::vector<AnyBuffer> given = make_arguments(s.module(), {}, 7),
                                     right = interpreted(s.module(), given);
        if (!p.cyclic) {
            const Module plain = inline_calls(s.module());
            verify(plain);
            const std::vector<AnyBuffer> in_order = interpreted(plain, given);
            for (size_t n = 0; n < right.size(); ++n)
                CHECK(bit_equal(right[n], in_order[n]));
        }
        std::vector<AnyBuffer> inputs;
        for (size_t n = 0; n < given.size(); ++n)
            if (s.module().top().arguments[n].direction == Direction::in) inputs.push_back(given[n]);
        const std::vector<AnyBuffer> run = realize(s, inputs);
        for (size_t n = 0; n < run.size(); ++n)
            CHECK(bit_equal(right[inputs.size() + n], run[n]));
    }
}
