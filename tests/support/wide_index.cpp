#include "wide_index.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// out(0) = what `read` says of a table of 64 elements (10, 11, …) and of x(0), y(0), z(0).
class Maker {
  public:
    using Read = std::function<Expr(const Input& table, const Expr& x, const Expr& y, const Expr& z)>;

    /// \param again the read is the one statement of a while, which runs once.
    static WideProgram make(const std::string& name, const std::vector<std::pair<Type, mpz_class>>& data,
                            const Read& read, std::optional<int> first, bool again = false) {
        Input table("table", Int(32), {64});
        Input x("x", data[0].first, {1}), y("y", data[1].first, {1}), z("z", data[2].first, {1});
        Output out("out", Int(32), {1});
        const Kernel k("wide", {table, x, y, z, out}, [&](KernelBody& body) {
            if (!again) return void(out(0) = read(table, x(0), y(0), z(0)));
            Scalar round = body.scalar("round", Int(32), 0);
            body.while_([&] { return round < 1; }, [&] { round = max(read(table, x(0), y(0), z(0)), 1); });
            out(0) = round;
        });
        WideProgram p{name, Schedule(k).module(), {}, {}, first};
        p.arguments.emplace_back(Int(32), std::vector<int64_t>{64});
        for (int n = 0; n < 64; ++n)
            p.arguments[0].set({n}, Value::from_raw(Int(32), n + 10));
        for (const auto& [type, number] : data) {
            p.arguments.emplace_back(type, std::vector<int64_t>{1});
            p.arguments.back().set({0}, Value::from_raw(type, number));
        }
        p.arguments.emplace_back(Int(32), std::vector<int64_t>{1});
        return p;
    }
};

WideProgram of_size(const std::string& name, int64_t size, const std::function<Expr(const Param&)>& value,
                    std::optional<int> first) {
    Param N("N");
    Output out("out", Int(32), {1});
    const Kernel k("wide", {N, out}, [&](KernelBody&) { out(0) = value(N); });
    WideProgram p{name, Schedule(k).module(), {}, {{"N", Value::index(size)}}, first};
    p.arguments.emplace_back(Int(32), std::vector<int64_t>{1});
    return p;
}

/// Arithmetic as subscripts have it.
class RandomIndex {
  public:
    RandomIndex(std::mt19937& r, std::vector<Expr> l) : random(r), leaves(std::move(l)) {}

    Expr value(int depth) {
        if (depth == 0 || pick(6) == 0) return pick(4) ? leaves[static_cast<size_t>(pick(3))] : literal();
        const Expr a = value(depth - 1);
        switch (pick(10)) {
        case 0:
        case 1:
            return a + value(depth - 1);
        case 2:
            return a - value(depth - 1);
        case 3:
        case 4:
            return a * value(depth - 1);
        case 5:
            return min(a, value(depth - 1));
        case 6:
            return max(a, value(depth - 1));
        case 7:
            return floor_mod(a, pick(2) ? literal() : value(0));
        case 8:
            return select(a > value(depth - 1), a, value(depth - 1));
        default:
            return floor_div(floor_div(a, literal()), literal());
        }
    }

    Expr place() {
        const Expr x = value(2 + pick(3));
        switch (pick(4)) {
        case 0:
            return x;
        case 1:
            return floor_mod(x, 64);
        case 2:
            return clamp(x, 0, 7) * 9;
        default:
            return clamp(x, 0, 63);
        }
    }

  private:
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    Expr literal() {
        const int64_t all[] = {
            1, 2, 3, 8, -5, 1000, int64_t{1} << 31, (int64_t{1} << 31) - 1, int64_t{1} << 40, INT64_MAX};
        return Expr(all[pick(10)]);
    }

    std::mt19937& random;
    std::vector<Expr> leaves;
};

} // namespace

std::vector<WideProgram> wide_programs() {
    const std::vector<std::pair<Type, mpz_class>> root = {
        {UInt(32), 3037000500}, {Int(32), 2000000000}, {Int(64), mpz_class("9000000000000000000")}};
    using E = const Expr&;
    std::vector<WideProgram> all;
    const auto add = [&](const std::string& name, const Maker::Read& read, std::optional<int> first) {
        all.push_back(Maker::make(name, root, read, first));
    };
    add("the least of a square", [](auto& t, E x, E, E) { return t(min(x * x, 7)); }, 17);
    add("a clamp, scaled", [](auto& t, E, E y, E) { return t(clamp(y * y * y, 0, 7) * 8); }, 66);
    add("a sum", [](auto& t, E, E, E z) { return t(min(z + z + z, 5)); }, 15);
    add("out of bounds", [](auto& t, E x, E, E) { return t(x * x * x * x); }, {});
    add(
        "a power of two too far",
        [](auto& t, E, E, E z) { return t(floor_mod(z, 4) * (int64_t{1} << 62) * 4); }, 10);
    add("always out of bounds", [](auto& t, E x, E, E) { return t(x + INT64_MAX); }, {});
    add("wrapped into bounds", [](auto& t, E, E y, E) { return t(y * y * y * y * y - y); }, {});
    add(
        "nested quotients",
        [](auto& t, E, E, E z) {
            const int64_t big = int64_t{1} << 40;
            return t(floor_div(floor_div(floor_div(z - 3, big), big), big) + 4);
        },
        14);
    add(
        "a remainder", [](auto& t, E x, E y, E) { return t(floor_mod(x * x * y, 7)); },
        10 + static_cast<int>(mpz_class(mpz_class(3037000500) * 3037000500 * 2000000000 % 7).get_si()));
    add("a choice", [](auto& t, E x, E y, E) { return t(select(x * x * y > y, min(x * x * y, 3), 1)); }, 13);
    all.push_back(of_size("a cube of a size", 2200000, [](E n) { return select(n * n * n > 0, 1, 2); }, 1));
    all.push_back(of_size("a constant of 64 bits", 5, [](E n) { return select(n < UINT64_MAX, 1, 2); }, 1));
    all.push_back(
        of_size("a size beyond 31 bits", int64_t{1} << 31, [](E n) { return select(n > 0, 1, 2); }, {}));

    Param N("N");
    Output out("out", Int(32), {1});
    const auto loop = [&](const std::string& name, const std::function<void(KernelBody&)>& body,
                          std::optional<int> first) {
        WideProgram p{name,
                      Schedule(Kernel("wide", {N, out}, body)).module(),
                      {},
                      {{"N", Value::index(2147483647)}},
                      first};
        p.arguments.emplace_back(Int(32), std::vector<int64_t>{1});
        all.push_back(std::move(p));
    };
    loop("a loop without end", [&](KernelBody& k) { k.for_(0, N * N * N, [&](Var) { k.break_(); }); }, {});
    loop("no round", [&](KernelBody& k) { k.for_(N * N, 3, [&](Var) { out(0) = 5; }); }, 0);
    return all;
}

WideProgram random_wide_program(std::mt19937& random) {
    std::vector<std::pair<Type, mpz_class>> data;
    const int widths[] = {8, 32, 33, 62, 63, 64};
    for (int n = 0; n < 3; ++n) {
        const int width = widths[random() % 6];
        const Type t = random() % 2 ? Int(width) : UInt(width);
        const mpz_class near =
            (mpz_class(1) << (random() % 3 ? width - 1 : 31)) - 1 - static_cast<int>(random() % 3);
        data.emplace_back(t, random() % 4 == 0 ? mpz_class(-near) : near);
    }
    const bool again = random() % 4 == 0;
    return Maker::make(
        "random", data,
        [&](auto& t, const Expr& x, const Expr& y, const Expr& z) {
            RandomIndex index(random, {x, y, z});
            return t(again ? clamp(index.place(), -1, 65) : index.place());
        },
        std::nullopt, again);
}

std::optional<AnyBuffer> interpreted(const WideProgram& p) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> arguments;
    for (const AnyBuffer& b : p.arguments)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        arguments.push_back(&b);
    try {
        interpret(p.module, arguments, p.scalars);
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        return std::nullopt;
    }
    return copies.back();
}
