#include "json_reader.h"
#include "lathe/ir/arch.h"
#include "operators.h"

#include <algorithm>

namespace lathe::ir {

struct OperatorTable::Rows {
    Json all;
};

namespace {

constexpr const char* part_names[] = {"forwarder", "element", "port", "fifo_srl", "fifo_bram"};

CircuitCost of_row(const Json& r) {
    return {r.at("dsp").get<double>(),    0,
            r.at("lut").get<double>(),    r.at("ff").get<double>(),
            r.at("cycles").get<double>(), r.at("source").get<std::string>()};
}

CircuitCost per_bit(const Json& r, int64_t bits) {
    const double n = static_cast<double>(bits);
    return {0,
            0,
            r.at("lut_per_bit").get<double>() * n,
            r.at("ff_per_bit").get<double>() * n,
            r.at("cycles").get<double>(),
            r.at("source").get<std::string>()};
}

CircuitCost both_costs(CircuitCost a, const CircuitCost& b) {
    a.dsp += b.dsp;
    a.lut += b.lut;
    a.ff += b.ff;
    a.cycles += b.cycles;
    if (a.source.empty()) a.source = b.source;
    return a;
}

/// Bits in which a number is computed. Positions take 32.
int width(Type t) {
    return t.is_index() ? 32 : t.width();
}

/// The exact number that a constant stands for, without its powers of two; none: it is no such constant.
std::optional<mpz_class> odd_part(const Expr& e) {
    const auto* c = e.as<Constant>();
    if (!c || !(e.type().is_exact() || e.type().is_index() || e.type().is_real())) return std::nullopt;
    const mpq_class q = c->value.as_rational();
    mpz_class m = q.get_num();
    if ((q.get_den() & (q.get_den() - 1)) != 0 || m == 0) return m == 0 ? std::optional(m) : std::nullopt;
    m = abs(m);
    mpz_tdiv_q_2exp(m.get_mpz_t(), m.get_mpz_t(), mpz_scan1(m.get_mpz_t(), 0));
    return m;
}

/// How many powers of two, added or subtracted, make it: in the form that has fewest.
int signed_digits(mpz_class m) {
    int digits = 0;
    while (m != 0) {
        const bool odd = mpz_odd_p(m.get_mpz_t());
        if (odd) {
            ++digits;
            m += mpz_class(m & 3) == 3 ? 1 : -1;
        }
        m >>= 1;
    }
    return digits;
}

class Costs {
  public:
    explicit Costs(const Json& a) : all(a), exact(a.at("exact")), floats(a.at("float")) {}

    CircuitCost binary(BinaryOp op, const Expr& a, const Expr& b, Type result) const {
        const bool real = a.type().is_float() || b.type().is_float();
        const int bits = std::max(width(a.type()), width(b.type()));
        switch (op) {
        case BinaryOp::add:
        case BinaryOp::sub:
            return real ? of_float("+", a, b) : per_bit(exact.at("+"), width(result));
        case BinaryOp::mul:
            return real ? of_float("*", a, b) : product(a, b, result);
        case BinaryOp::div:
        case BinaryOp::mod:
        case BinaryOp::floordiv:
        case BinaryOp::floormod:
            return real ? of_float("/", a, b) : quotient(b, width(result));
        case BinaryOp::min:
        case BinaryOp::max:
            return both_costs(compared(a, b, bits), per_bit(exact.at("select"), bits));
        case BinaryOp::bit_and:
        case BinaryOp::bit_or:
        case BinaryOp::bit_xor:
        case BinaryOp::logical_and:
        case BinaryOp::logical_or:
            return per_bit(exact.at("logic"), width(result));
        case BinaryOp::shl:
        case BinaryOp::shr:
            return b.as<Constant>() ? CircuitCost{} : per_bit(exact.at("shift"), width(result));
        default:
            return compared(a, b, bits);
        }
    }

    CircuitCost unary(UnaryOp op, Type t) const {
        switch (op) {
        case UnaryOp::neg:
        case UnaryOp::abs:
            return t.is_float() ? CircuitCost{} : per_bit(exact.at("+"), width(t));
        case UnaryOp::bit_not:
            return per_bit(exact.at("logic"), width(t));
        case UnaryOp::sqrt:
            return row(floats.at("sqrt"), width(t));
        default:
            return t.is_float() ? row(floats.at("convert"), width(t)) : CircuitCost{};
        }
    }

    CircuitCost converted(Type to, Type from) const {
        if (to == from || from.is_real() || to.is_index() || from.is_index()) return {};
        if (to.is_float() || from.is_float())
            return row(floats.at("convert"), std::max(to.width(), from.width()));
        CircuitCost c;
        if (to.is_fixed() && to.round() != Round::trn && from.frac() > to.frac())
            c = per_bit(exact.at("round"), to.width());
        const bool less = to.int_bits() - to.is_signed() < from.int_bits() - from.is_signed() ||
                          (from.is_signed() && !to.is_signed());
        if (to.is_fixed() && to.overflow() != Overflow::wrap && less)
            c = both_costs(c, per_bit(exact.at("saturate"), to.width()));
        return c;
    }

    CircuitCost fma(const Fma& f) const {
        return both_costs(of_float("*", f.a, f.b), of_float("+", f.c, f.c));
    }

    CircuitCost chosen(Type t) const { return per_bit(exact.at("select"), width(t)); }

    CircuitCost call(const Call& c) const {
        if (c.type.is_float()) return row(floats.at("function"), c.type.width());
        return c.function == "popcount" ? per_bit(exact.at("+"), width(c.arguments[0].type()))
                                        : CircuitCost{};
    }

  private:
    const Json& all;
    const Json& exact;
    const Json& floats;

    /// Of floats that are wider than the table knows: its last row.
    static CircuitCost row(const Json& rows, int bits) {
        for (const Json& r : rows)
            if (bits <= r.at("wide").get<int>()) return of_row(r);
        return of_row(rows.back());
    }

    CircuitCost of_float(const char* op, const Expr& a, const Expr& b) const {
        const auto bits = [](Type t) { return t.is_float() ? t.width() : 0; };
        return row(floats.at(op), std::max(bits(a.type()), bits(b.type())));
    }

    CircuitCost compared(const Expr& a, const Expr& b, int bits) const {
        if (!a.type().is_float() && !b.type().is_float()) return per_bit(exact.at("compare"), bits);
        return of_float("compare", a, b);
    }

    CircuitCost quotient(const Expr& divisor, int bits) const {
        if (const auto odd = odd_part(divisor); odd && *odd == 1) return per_bit(exact.at("+"), bits);
        const Json& r = exact.at("/");
        const double area = static_cast<double>(bits) * bits;
        return {0,
                0,
                r.at("lut_per_bit2").get<double>() * area,
                r.at("ff_per_bit2").get<double>() * area,
                r.at("cycles").get<double>() + r.at("cycles_per_bit").get<double>() * bits,
                r.at("source").get<std::string>()};
    }

    CircuitCost product(const Expr& a, const Expr& b, Type result) const {
        const auto odd = odd_part(b) ? odd_part(b) : odd_part(a);
        const Expr& other = odd_part(b) ? a : b;
        const auto bits_of = [](const Expr& e) { return width(e.type()); };
        int wide = std::max(bits_of(a), bits_of(b)), narrow = std::min(bits_of(a), bits_of(b));
        if (odd) {
            const int digits = signed_digits(*odd);
            if (digits <= exact.at("constant").at("most_digits").get<int>()) return sums(digits - 1, result);
            const int own = static_cast<int>(mpz_sizeinbase(odd->get_mpz_t(), 2)) + 1; // with a sign
            wide = std::max(bits_of(other), own);
            narrow = std::min(bits_of(other), own);
        }
        if (narrow <= 1) return per_bit(exact.at("logic"), wide); // a factor of one bit selects
        for (const Json& r : exact.at("*"))
            if (wide <= r.at("wide").get<int>() && narrow <= r.at("narrow").get<int>()) return of_row(r);
        const Json& tile = exact.at("beyond");
        const auto tiles = [](int bits, int each) { return (bits + each - 1) / each; };
        const int count =
            tiles(wide, tile.at("wide").get<int>()) * tiles(narrow, tile.at("narrow").get<int>());
        CircuitCost c = of_row(tile);
        return {c.dsp * count, 0, c.lut * count, c.ff * count, c.cycles, c.source};
    }

    CircuitCost sums(int count, Type result) const {
        if (count <= 0) return {};
        CircuitCost c = per_bit(exact.at("+"), width(result));
        return {0, 0, c.lut * count, c.ff * count, c.cycles * count, c.source};
    }
};

} // namespace

OperatorTable::OperatorTable() {
    static const auto standard = std::make_shared<const Rows>(Rows{Json::parse(operator_costs_json)});
    rows = standard;
}

OperatorTable::OperatorTable(const std::string& changes, const std::string& where, Loc loc)
    : OperatorTable() {
    const Json more = parse_json(changes, where, loc);
    JsonPart(more, where, "", loc).check_like(rows->all);
    Rows changed = *rows;
    changed.all.merge_patch(more);
    rows = std::make_shared<const Rows>(std::move(changed));
}

CircuitCost OperatorTable::cost(const Expr& e) const {
    const Costs costs(rows->all);
    if (const auto* b = e.as<Binary>()) return costs.binary(b->op, b->a, b->b, b->type);
    if (const auto* u = e.as<Unary>()) return costs.unary(u->op, u->a.type());
    if (const auto* s = e.as<Select>()) return costs.chosen(s->type);
    if (const auto* c = e.as<Cast>()) return costs.converted(c->type, c->a.type());
    if (const auto* f = e.as<Fma>()) return costs.fma(*f);
    if (const auto* c = e.as<Call>()) return costs.call(*c);
    return {};
}

CircuitCost OperatorTable::cost(NetworkPart part, int64_t bits) const {
    const Json& r = rows->all.at("network").at(part_names[static_cast<size_t>(part)]);
    const double n = static_cast<double>(bits);
    return {0,
            r.at("bram18").get<double>(),
            r.at("lut").get<double>() + n * r.at("lut_per_bit").get<double>(),
            r.at("ff").get<double>() + n * r.at("ff_per_bit").get<double>(),
            0,
            r.at("source").get<std::string>()};
}

int64_t bram18_blocks(int64_t bits, int64_t words) {
    constexpr std::pair<int64_t, int64_t> shapes[] = {{36, 512}, {18, 1024}, {9, 2048},
                                                      {4, 4096}, {2, 8192},  {1, 16384}};
    if (bits <= 0 || words <= 0) return 0;
    const auto up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    int64_t blocks[std::size(shapes)];
    for (size_t n = 0; n < std::size(shapes); ++n)
        blocks[n] = up(words, shapes[n].second);
    // Columns side by side, each of blocks of one shape: the cheapest for each width that is left.
    std::vector<int64_t> least(static_cast<size_t>(bits) + 1, INT64_MAX);
    least[0] = 0;
    for (int64_t b = 1; b <= bits; ++b)
        for (size_t n = 0; n < std::size(shapes); ++n)
            least[static_cast<size_t>(b)] =
                std::min(least[static_cast<size_t>(b)],
                         least[static_cast<size_t>(std::max<int64_t>(b - shapes[n].first, 0))] + blocks[n]);
    return least.back();
}

int64_t uram_blocks(int64_t bits, int64_t words) {
    if (bits <= 0 || words <= 0) return 0;
    return (bits + 71) / 72 * ((words + 4095) / 4096);
}

} // namespace lathe::ir
