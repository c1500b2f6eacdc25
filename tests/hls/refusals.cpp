// Every Error that the HLS backend throws: its message and the user's line.

#include "lathe/hls/emit.h"
#include "programs.h"

#include <fstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

template <class F> void refused(unsigned line, const std::string& text, F call) {
    INFO("expected: " << text);
    try {
        call();
        FAIL_CHECK("nothing was thrown");
    } catch (const InternalError& e) {
        FAIL_CHECK(e.what());
    } catch (const Error& e) {
        INFO(e.what());
        CHECK(e.message().find(text) != std::string::npos);
        CHECK(e.loc().line == line);
    }
}

/// out[i] = in[i] for i in a loop of kind `kind`, with `body` in place of the store if it is defined.
Module loop_module(const LoopKind& kind,
                   const std::function<Stmt(const Symbol&, const Symbol&, const Expr&)>& body, Loc loc) {
    Function f;
    f.name = "f";
    const Symbol in("in"), out("out"), i("i");
    const std::vector<Dim> dims{{index(0), index(8)}};
    f.arguments.push_back({{in, Int(8), dims, {}, TypeOrigin::declared, nullptr, loc}, Direction::in});
    f.arguments.push_back({{out, Int(8), dims, {}, TypeOrigin::declared, nullptr, loc}, Direction::out});
    f.body = For::make(i, index(0), index(8), kind, body(in, out, Variable::make(i, IndexType())), loc);
    return {{f}};
}

} // namespace

TEST_CASE("refused by hls: an array without a constant size") {
    PackedGemm g;
    const Schedule s(g.C);
    try {
        vitis_source(s);
        FAIL_CHECK("nothing was thrown");
    } catch (const Error& e) {
        CHECK(e.message() ==
              "dimension 0 of panel has extent K: inside an HLS kernel an array's size is constant. Bind "
              "the sizes first: schedule.bind(parameter, value)");
        CHECK(std::string(e.loc().file).ends_with("programs.h"));
    }
}

TEST_CASE("refused by hls: vectors and unknown loops") {
    const Loc loc = Loc::current();
    const auto copy = [&](const Symbol& in, const Symbol& out, const Expr& i) {
        return Store::make(out, Int(8), {i}, Load::make(in, Int(8), {i}), loc);
    };
    refused(loc.line, "loop i is systolic, which has no HLS code",
            [&] { vitis_source(loop_module(LoopKind("systolic"), copy, loc)); });
    const auto ramp = [](const Expr& i) { return Ramp::make(i, index(1), 1 + 1); };
    refused(loc.line, "a vector has no HLS code: emit the Module before it is lowered", [&] {
        vitis_source(loop_module(
            {},
            [&](const Symbol& in, const Symbol& out, const Expr& i) {
                return Store::make(out, Int(8), {ramp(i)}, Load::make(in, Int(8), {ramp(i)}, loc), loc);
            },
            loc));
    });
    refused(loc.line, "a vector has no HLS code: emit the Module before it is lowered", [&] {
        vitis_source(loop_module(
            {},
            [&](const Symbol& in, const Symbol& out, const Expr& i) {
                return Store::make(out, Int(8), {i}, Load::make(in, Int(8), {i}), loc,
                                   Binary::make(BinaryOp::gt, i, index(2)));
            },
            loc));
    });
    refused(loc.line, "a vector has no HLS code: emit the Module before it is lowered", [&] {
        vitis_source(loop_module(
            {},
            [&](const Symbol& in, const Symbol& out, const Expr& i) {
                return Reduce::make(BinaryOp::add, {out, Int(8), {i}, Load::make(in, Int(8), {i})}, loc,
                                    Binary::make(BinaryOp::gt, i, index(2)));
            },
            loc));
    });
    refused(loc.line, "a vector has no HLS code: emit the Module before it is lowered", [&] {
        vitis_source(loop_module(
            {},
            [&](const Symbol&, const Symbol& out, const Expr& i) {
                const Symbol v("v");
                const Expr zero = Constant::make(Value::from_raw(Int(8), 0));
                return LetStmt::make(v, Broadcast::make(zero, 2), Store::make(out, Int(8), {i}, zero, loc),
                                     loc);
            },
            loc));
    });
    refused(loc.line, "a vector has no HLS code: emit the Module before it is lowered", [&] {
        vitis_source(loop_module(
            {},
            [&](const Symbol& in, const Symbol& out, const Expr& i) {
                const Expr two = Broadcast::make(Load::make(in, Int(8), {i}), 2, loc);
                return Store::make(out, Int(8), {i}, VectorReduce::make(BinaryOp::min, two, loc), loc);
            },
            loc));
    });
}

TEST_CASE("refused by hls: what no C++ type or header can do") {
    Param N("N");
    Var i("i");
    Input in("in", Fixed(4096, 4100), {N});
    Func out("out", Int(8), {N});
    out(i) = cast(Fixed(8, -8), in(i));
    const unsigned line = __LINE__ - 1;
    refused(line, "a conversion from Fixed(4096, 4100) to Fixed(8, -8) drops too many bits for Vitis",
            [&] { vitis_source(build({out}).module); });
    refused(0, "the module has no function", [] { vitis_source(Module{}); });
}

TEST_CASE("refused by hls: projects without data or a place") {
    Gemm g;
    const Schedule s(g.C);
    const auto folder = std::filesystem::temp_directory_path() / "lathe_no_project";
    try {
        export_vitis(s, folder);
        FAIL_CHECK("nothing was thrown");
    } catch (const Error& e) {
        CHECK(e.message().find("the test bench needs a value of the parameter ") == 0);
        CHECK(std::string(e.loc().file).ends_with("programs.h"));
    }
    CHECK(!std::filesystem::exists(folder));
    const std::map<std::string, Value> sizes{
        {"M", Value::index(2)}, {"N", Value::index(2)}, {"K", Value::index(2)}};
    refused(0, "C reads 2 tensors, and the test bench is given 1",
            [&] { export_vitis(s, folder, {.scalars = sizes, .inputs = {AnyBuffer(Float(32), {2, 2})}}); });
    refused(0, "cannot make the folder \"/dev/null/x\": Not a directory",
            [&] { export_vitis(s, "/dev/null/x", {.scalars = sizes}); });
    // A file whose name is taken by a folder is left alone.
    std::filesystem::create_directories(folder / "run_hls.tcl" / "inside");
    refused(0, "cannot write", [&] { export_vitis(s, folder, {.scalars = sizes}); });
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        CHECK(entry.path().string().find(".tmp.") == std::string::npos);
    std::filesystem::remove_all(folder);
}
