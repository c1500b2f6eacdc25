// Random layouts of random programs: the checking interpreter, the plain one, machine code and simulated
// Vitis C++ compute what they do without.

#include "deep.h"
#include "random_layout.h"
#include "random_network.h"
#include "random_program.h"
#include "refusal.h"
#include "vitis_compiled.h"

#include "lathe/codegen/jit.h"
#include "lathe/ir/inline_calls.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A program, and one of its sizes as constants.
struct Bound {
    Module reference, module;
    int fold = 0; ///< that a window needs; 0: it is no window
};

Bound random_bound(unsigned n, std::mt19937& random) {
    if (n % 8 == 7) {
        const Module m = build(random_network(random).kernel).module;
        return {m, m};
    }
    if (n % 4 == 2) {
        const Window w = random_window(random);
        const Module m = build(w.kernel).module;
        return {m, m, w.reach + 1};
    }
    const Program p = n % 3 ? random_program(random) : make_program(random);
    Schedule s(p.algorithm);
    for (int call = 0; call < 4; ++call)
        random_call(s, p.algorithm, random);
    const Sizes& sizes = p.sizes[random() % p.sizes.size()];
    for (const std::vector<Param> all = s.module().top().params; const Param& size : all)
        if (size.type.is_index()) s.bind(size, sizes.at(size.symbol.name()));
    return {s.reference(), s.module()};
}

/// What one run gives: the arguments' buffers, or an error.
struct Ran {
    std::vector<AnyBuffer> buffers;
    std::string error;
};

template <class Run> Ran ran(const Module& m, unsigned seed, const Run& run) {
    Ran r{make_arguments(m, {}, seed), {}};
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : r.buffers)
        pointers.push_back(&b);
    try {
        run(pointers);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        r.error = e.message();
    }
    return r;
}

void check_same(const Ran& a, const Ran& b) {
    INFO(a.error << "; " << b.error);
    const bool outside = a.error.find("out of bounds") != std::string::npos;
    CHECK((outside ? b.error.find("out of bounds") != std::string::npos : a.error == b.error));
    for (size_t n = 0; n < a.buffers.size() && a.error.empty(); ++n)
        CHECK(bit_equal(a.buffers[n], b.buffers[n]));
}

struct Counts {
    int programs = 0, tensors = 0, folds = 0, right_folds = 0, wrong_folds = 0, refused = 0;
};

/// A report of a fold names two elements with one place: some dimension of the window has less room than
/// what is stored before it is read.
void check_report(const std::string& text, const Bound& p, const Module& m) {
    if (p.fold == 0) return;
    bool short_fold = false;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            const auto* a = s.as<Allocate>();
            for (size_t n = 0; a && n < a->tensors.size(); ++n)
                for (size_t d = 0; d < a->tensors[n].layout.dims.size(); ++d) {
                    const int64_t fold = a->tensors[n].layout.dims[d].fold;
                    short_fold = short_fold || (fold > 0 && fold < (d == 0 ? p.fold : window_columns));
                }
        },
        nullptr);
    CHECK_MESSAGE(short_fold, text);
}

/// True if the layouts are right: nobody reads what a fold overwrote.
bool right(const Bound& p, const Module& m, unsigned seed, Counts& counts) {
    const std::string wrong = difference(p.reference, m, {}, seed);
    if (wrong.empty()) return true;
    // Another iteration or lane may do it at the same time.
    bool overwritten = false;
    for (const char* part : {"which was stored there later", " conflict: ", "two lanes write "})
        overwritten = overwritten || wrong.find(part) != std::string::npos;
    CHECK_MESSAGE(overwritten, wrong);
    check_report(wrong, p, m);
    ++counts.wrong_folds;
    return false;
}

/// Machine code; none where that without layouts is refused for the same reason.
std::optional<JitFunction> compiled_as(const Module& m, const Module& without) {
    try {
        return jit(m);
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        const std::string then = refusal([&] { jit(without); });
        CHECK(then == e.message());
        return std::nullopt;
    }
}

} // namespace

TEST_CASE("random layouts compute the same everywhere") {
    const int programs = count(100, 2000), compiled_each = deep() ? 50 : 5;
    Counts counts;
    VitisKernels kernels;
    std::vector<Module> expected;
    std::map<std::string, int> refusals;
    for (unsigned n = 0; counts.programs < programs; ++n) {
        CAPTURE(n);
        std::mt19937 random(n + 1);
        try {
            const Bound p = random_bound(n, random);
            LaidOut l = with_random_layouts(p.module, true, random);
            counts.refused += l.refused;
            if (l.tensors == 0) continue;
            INFO(print(l.module));
            verify(l.module);
            ++counts.programs;
            counts.folds += l.folded;
            if (!right(p, l.module, n, counts)) {
                l = with_random_layouts(p.module, false, random);
                REQUIRE(right(p, l.module, n, counts));
            }
            counts.right_folds += l.folded;
            counts.tensors += l.tensors;
            const Ran a = ran(p.module, n, [&](const auto& args) { interpret(p.module, args, {}); });
            check_same(a, ran(p.module, n, [&](const auto& args) { interpret(l.module, args, {}); }));
            if (const auto compiled = compiled_as(l.module, p.module))
                check_same(a, ran(p.module, n, [&](const auto& args) { compiled->call(args); }));
            if (counts.programs % compiled_each == 0 && a.error.empty()) {
                kernels.add(l.module);
                expected.push_back(p.reference);
            }
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message());
        } catch (const Error& e) {
            ++refusals[e.message()];
        }
    }
    for (const auto& [text, times] : refusals)
        MESSAGE(times << " × " << text);
    MESSAGE(counts.programs << " programs, " << counts.tensors << " layouts, " << counts.folds << " folds, "
                            << counts.right_folds << " right ones, " << counts.wrong_folds
                            << " programs with a wrong one, " << counts.refused << " refused, "
                            << expected.size() << " as Vitis C++");
    CHECK(counts.right_folds * 5 >= programs);
    CHECK(counts.wrong_folds * 20 >= programs);
    kernels.compile();
    for (size_t k = 0; k < expected.size(); ++k) {
        CAPTURE(k);
        kernels.expect_right(k, expected[k], {{}});
    }
}

TEST_CASE("a fold is right from the reach of its window on") {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const Window w = random_window(random);
        const Module m = build(w.kernel).module;
        if (m.functions.size() > 1) continue; // a view of it is not folded
        Symbol window;
        for_each(
            m.top().body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>()) window = a->tensors[0].symbol;
            },
            nullptr);
        for (int fold = 1; fold <= w.reach + 2; ++fold) {
            CAPTURE(fold);
            Layout l;
            l.dims.resize(static_cast<size_t>(w.rank));
            l.dims[0].fold = fold;
            const std::string wrong = difference(m, with_layout(m, window, l), {});
            CHECK_MESSAGE(wrong.empty() == (fold > w.reach), wrong);
        }
    }
}

TEST_CASE("a fold asks the kinds of the loops again") {
    Var i("i"), j("j");
    Input x("x", Int(32), {8});
    Output y("y", Int(32), {8});
    const Kernel k("k", {x, y}, [&](KernelBody& b) {
        Array w = b.array("w", Int(32), {8});
        b.for_(i, 0, 8, [&] {
            w(i) = x(i) * 3;
            y(i) = w(i) + 1;
        });
    });
    const auto refused = [&](const Schedule& s, int64_t fold) {
        Symbol w;
        for_each(
            s.module().top().body,
            [&](const Stmt& p) {
                if (const auto* a = p.as<Allocate>()) w = a->tensors[0].symbol;
            },
            nullptr);
        Layout l;
        l.dims.resize(1);
        l.dims[0].fold = fold;
        return refusal([&] { jit(with_layout(s.module(), w, l)); });
    };
    const Schedule plain(k);
    Schedule vectors(k), beside(k);
    vectors[k].vectorize(i, 8);
    beside[k].parallel(i);
    for (const int64_t fold : {1, 4, 8})
        CHECK(refused(plain, fold) == "not refused");
    CHECK(refused(vectors, 8) == "not refused");
    CHECK(refused(beside, 8) == "not refused");
    // One iteration alone stores to the one place.
    Param chosen("chosen");
    const Kernel one("one", {x, y, chosen}, [&](KernelBody& b) {
        Array w = b.array("w", Int(32), {8});
        b.for_(i, 0, 8, [&] { b.if_(i == chosen, [&] { w(i) = x(i) * 3; }); });
        b.for_(j, 0, 8, [&] { b.if_(j == chosen, [&] { y(j) = w(j); }); });
    });
    Schedule guarded(one);
    guarded[one].vectorize(i, 8);
    CHECK(refused(guarded, 8) == "not refused");
    CHECK(refused(guarded, 1) == "not refused");
    CHECK(refused(beside, 4).starts_with("w cannot be folded, since loop i is parallel: w[i] written at "));
    for (const int64_t fold : {1, 4})
        CHECK(
            refused(vectors, fold)
                .starts_with("w cannot be folded, since loop ii is vectorized: w[8 * io + ii] written at "));
}
