// Arrays of streams as arguments, and what a dataflow keeps of what it was made of.

#include "stencils.h"

#include "lathe/ir/network.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The array of a loader has one stream more than the loader takes.
class OneMore : public Mutator {
    using Mutator::visit;
    Stmt visit(const DeclareStream& d, const Stmt&) override {
        StreamDeclaration s = d.stream;
        if (s.symbol.name() == "in_lanes") s.dims = {index(3)};
        return DeclareStream::make(s, (*this)(d.body));
    }
};

/// The loader chooses the stream by what it has read.
class ByData : public Mutator {
    using Mutator::visit;
    Stmt visit(const Push& p, const Stmt& s) override {
        if (p.to.at.empty()) return s;
        return Push::make({p.to.stream, {Cast::make(IndexType(), p.value)}}, p.type, p.value, p.loc);
    }
};

/// Every stream of the array gets as many tokens, those of the last one go to the first one.
class Dropped : public Mutator {
    using Mutator::visit;
    Stmt visit(const Push& p, const Stmt& s) override {
        if (p.to.at.empty()) return s;
        return Push::make({p.to.stream, {index(0)}}, p.type, p.value, p.loc);
    }
};

Module changed(Mutator&& by, size_t function) {
    Module m = jacobi_valid(Int(16), 6, 8, 2).module();
    Function& f = m.functions[function];
    f.body = by(f.body);
    return m;
}

} // namespace

TEST_CASE("an array of streams is passed with its extents") {
    const Module m = jacobi_valid(Int(16), 6, 8, 2).module();
    CHECK(print(m).find("out stream out: Int(16)[2]") != std::string::npos);
    verify(m);
    check_networks(m);
    CHECK(refusal([] {
              verify(changed(OneMore(), 0));
          }).find("load_in takes 2 streams in a dimension of out, and in_lanes has 3") != std::string::npos);
}

TEST_CASE("tokens are counted stream by stream of an array") {
    CHECK(refusal([] { check_networks(changed(ByData(), 1)); }) ==
          "how many tokens load_in passes through out cannot be counted: which one of an array of streams it "
          "is, "
          "data say");
    CHECK(refusal([] {
              check_networks(changed(Dropped(), 1));
          }).find("load_in writes 48 tokens into in_lanes[0], and forward") != std::string::npos);
}

TEST_CASE("what a network was made of is copied, compared, forgotten and taken instead") {
    const Module m = seidel_valid(Int(16), 6, 8, 2).module();
    CHECK(equal(m, m));
    CHECK(!equal(m, without_origins(m)));
    CHECK(print(m).find("dataflow:  # instead of rows, out") != std::string::npos);
    CHECK(print(without_origins(m)).find("# instead of") == std::string::npos);
    CHECK(print(as_origins(m)).find("dataflow:") == std::string::npos);
    Module copy = m;
    copy.functions[0] = fresh_copy(m.functions[0]);
    verify(copy);
    CHECK(equal(m, copy));
}
