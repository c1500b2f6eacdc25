#include "lathe/dsl/var.h"

#include "nodes.h"

#include <limits>

namespace lathe {

using namespace ir;

namespace {

Expr variable_value(const Symbol& symbol, std::shared_ptr<RDomData> domain, Loc loc) {
    const Expr variable(std::make_shared<const FreeVariable>(symbol, std::move(domain), loc));
    return Cast::make(Int(32), variable, loc);
}

void check_bound(const Operand& e, const char* what) {
    const Type t = e.expr().type();
    if (!t.is_int()) fail(e.loc(), "the {} of an RDom is {}: it must be an integer", what, t.str());
}

/// Loops count in 32 bits, and points in 63. \throws Error for constants beyond.
void check_volume(const std::vector<RRange>& ranges, const Name& name) {
    const mpz_class most = std::numeric_limits<int32_t>::max();
    mpz_class points = 1;
    for (const RRange& r : ranges) {
        const auto* min = r.min.expr().as<Constant>();
        const auto* extent = r.extent.expr().as<Constant>();
        if (extent && extent->value.raw() > most)
            fail(r.extent.loc(), "an extent of RDom {} is {}: it is at most {}", name.text,
                 extent->value.str(), most.get_str());
        if (min && abs(min->value.raw()) > most)
            fail(r.min.loc(), "a minimum of RDom {} is {}: its positions are within -{} and {}", name.text,
                 min->value.str(), most.get_str(), most.get_str());
        if (extent) points *= extent->value.raw();
    }
    if (mpz_sizeinbase(points.get_mpz_t(), 2) > 62)
        fail(name.loc, "RDom {} has {} points: there can be less than 2^62", name.text, points.get_str());
}

} // namespace

Var::Var(Loc loc) : variable("v"), location(loc) {}

Var::Var(Name name) : variable(std::move(name.text)), location(name.loc) {}

Expr Var::value(Loc loc) const {
    return variable_value(variable, nullptr, loc);
}

const Symbol& RVar::symbol() const {
    if (!domain) throw Error({}, "an RDom has no dimension of this name: x, y, z, w are its first four");
    return domain->dims[dimension].symbol;
}

const std::string& RVar::name() const {
    return symbol().name();
}

Expr RVar::value(Loc loc) const {
    if (!domain)
        fail(loc, "an RDom has no dimension of this name: x, y, z, w are its first four, if it has so many");
    return variable_value(symbol(), domain, loc);
}

RDom::RDom(const Operand& min, const Operand& extent, Name name)
    : RDom(std::vector<RRange>{{min, extent}}, std::move(name)) {}

RDom::RDom(const std::vector<RRange>& ranges, Name name) {
    if (ranges.empty())
        fail(name.loc, "RDom {} has no dimensions: give at least one {{min, extent}}", name.text);
    RDomData data{.name = name.text, .loc = name.loc, .dims = {}, .conditions = {}};
    static constexpr std::string_view suffixes = "xyzw";
    for (size_t d = 0; d < ranges.size(); ++d) {
        check_bound(ranges[d].min, "minimum");
        check_bound(ranges[d].extent, "extent");
    }
    check_volume(ranges, name);
    for (size_t d = 0; d < ranges.size(); ++d) {
        const std::string suffix = d < 4 ? fmt::format("_{}", suffixes[d]) : fmt::format("_{}", d);
        const Symbol symbol(ranges.size() == 1 ? name.text : name.text + suffix);
        data.dims.push_back({symbol, ranges[d].min.expr(), ranges[d].extent.expr()});
    }
    domain = std::make_shared<RDomData>(std::move(data));
    RVar* const named[] = {&x, &y, &z, &w};
    for (size_t d = 0; d < std::min<size_t>(4, ranges.size()); ++d)
        *named[d] = RVar(domain, d);
}

void RDom::where(const Operand& condition) {
    const Type t = condition.expr().type();
    if (domain->used)
        fail(condition.loc(), "RDom {} has been used already: add conditions before its first use",
             domain->name);
    if (!t.is_bool())
        fail(condition.loc(), "the condition of RDom {} is {}: it must be a Bool; compare with 0",
             domain->name, t.str());
    domain->conditions.push_back(disown(condition.expr(), nullptr, domain.get()));
}

size_t RDom::rank() const {
    return domain->dims.size();
}

RVar RDom::operator[](size_t dimension) const {
    if (dimension >= rank())
        fail(domain->loc, "RDom {} has {} dimensions: there is no {}[{}]", domain->name, rank(), domain->name,
             dimension);
    return RVar(domain, dimension);
}

const std::string& RDom::name() const {
    return domain->name;
}

const Symbol& RDom::symbol() const {
    if (rank() != 1)
        fail(domain->loc, "RDom {} has {} dimensions: name one, as in {}.x or {}[0]", domain->name, rank(),
             domain->name, domain->name);
    return domain->dims.front().symbol;
}

Expr RDom::value(Loc loc) const {
    if (rank() != 1)
        fail(loc, "RDom {} has {} dimensions: name one, as in {}.x or {}[0]", domain->name, rank(),
             domain->name, domain->name);
    return RVar(domain, 0).value(loc);
}

} // namespace lathe
