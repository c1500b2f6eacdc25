#pragma once
/// \file Algorithms that become networks, and their comparison with what they were made of.

#include "programs.h"
#include "refusal.h"

#include "lathe/codegen/jit.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/lathe.h"

/// Values of parameters that are no sizes: whole numbers, those of fixed point as they are stored.
using Numbers = std::map<std::string, int64_t>;

inline std::map<std::string, lathe::Value> scalars_of(const lathe::Module& m, const Numbers& numbers) {
    std::map<std::string, lathe::Value> all;
    for (const auto& p : m.top().params) {
        const int64_t n = numbers.at(p.symbol.name());
        all[p.symbol.name()] = p.type.is_float()   ? lathe::Value::from_double(p.type, static_cast<double>(n))
                               : p.type.is_index() ? lathe::Value::index(n)
                                                   : lathe::Value::from_raw(p.type, mpz_class(n));
    }
    return all;
}

/// What the Module makes of random inputs.
inline std::vector<lathe::AnyBuffer> results(const lathe::Module& m, const Numbers& numbers,
                                             const lathe::InterpretOptions& options = {}) {
    std::vector<lathe::AnyBuffer> made = lathe::make_arguments(m, numbers, 3);
    std::vector<lathe::AnyBuffer*> pointers;
    for (lathe::AnyBuffer& b : made)
        pointers.push_back(&b);
    lathe::interpret(m, pointers, scalars_of(m, numbers), options);
    return made;
}

/// The network in checking mode (`terms`: with the same terms; sums over windows have others) and in the
/// interpreter, in several orders of turns; its processes one after the other; and the
/// stages that it was made of.
inline void check_network(const lathe::Schedule& s, bool terms = true, const Numbers& numbers = {}) {
    using namespace lathe;
    INFO(print(s));
    verify(s.module());
    if (terms)
        CHECK(check_schedule(s.reference(), s.module(), make_arguments(s.reference(), numbers, 1),
                             scalars_of(s.reference(), numbers)) == "");
    const std::vector<AnyBuffer> right = results(s.reference(), numbers);
    const auto same = [&](const std::vector<AnyBuffer>& got) {
        for (size_t n = 0; n < right.size(); ++n)
            CHECK(bit_equal(right[n], got[n]));
    };
    for (const uint64_t seed : {0, 1, 2}) {
        InterpretOptions options;
        if (seed > 0) options.stall_seed = seed;
        same(results(s.module(), numbers, options));
    }
    same(results(inline_calls(s.module()), numbers));
    same(results(inline_calls(as_origins(s.module())), numbers));
}

/// Machine code of each of them computes what the algorithm does.
inline void check_machine_code(const lathe::Schedule& s, const std::vector<lathe::Module>& all) {
    using namespace lathe;
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 3);
    for (const Module& m : all) {
        std::vector<AnyBuffer> made = make_arguments(m, {}, 3);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : made)
            pointers.push_back(&b);
        jit(m).call(pointers);
        for (size_t n = 0; n < right.size(); ++n)
            CHECK(bit_equal(right[n], made[n]));
    }
}

/// The message of s.stencil(out, options), or "not refused".
inline std::string message(const lathe::Func& out, const lathe::StencilOptions& options = {}) {
    return refusal([&] {
        lathe::Schedule s(out);
        s.stencil(out, options);
    });
}

inline void expect(const std::string& got, const std::string& text) {
    INFO(got);
    CHECK(got.find(text) != std::string::npos);
}

/// HeteroCL's "seidel", "gaussian" and "jacobi", with windows at the origin, in an input of H × W; `unroll`
/// 0: without the macro.
lathe::Schedule seidel_valid(lathe::Type t, int64_t H, int64_t W, int64_t unroll);
lathe::Schedule gaussian3_valid(lathe::Type t, int64_t H, int64_t W, int64_t unroll);
lathe::Schedule jacobi_valid(lathe::Type t, int64_t H, int64_t W, int64_t unroll);
/// So many steps of Jacobi, each two rows and columns smaller.
lathe::Schedule jacobi_steps(lathe::Type t, int64_t H, int64_t W, int64_t unroll, int64_t steps);

/// A stencil that is not a network yet.
struct RandomStencil {
    lathe::Schedule schedule;
    lathe::Func out;
    lathe::StencilOptions options; ///< that are legal
};
/// Up to four stages and two inputs in one to three dimensions, of random windows, types and lanes; some of
/// the stages are outputs.
/// \param updates of parts, and in place \param more sums, scans, arms that no point takes, and stages beside
RandomStencil random_stencil(std::mt19937& random, bool updates = false, bool more = false);
lathe::Schedule random_stencil_network(std::mt19937& random, bool updates = false, bool more = false);
