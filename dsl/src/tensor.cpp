#include "lathe/dsl/tensor.h"

#include "nodes.h"
#include "shape.h"

#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"

namespace lathe {

using namespace ir;

namespace {

std::string count_of(size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

/// Only sizes, integers and exact arithmetic on them may stand in a shape.
Expr size_expression(const Operand& e, const char* what, const std::string& tensor) {
    Mentions mentions;
    mentions.add(e.expr());
    if (!mentions.loads.empty() || !mentions.variables.empty())
        fail(e.loc(),
             "{} of {} depends on {}: extents are integers and size parameters, as in Param M(\"M\")", what,
             tensor,
             mentions.loads.empty() ? mentions.variables.begin()->first.name()
                                    : mentions.loads[0]->tensor.name());
    for (const auto& [symbol, param] : mentions.params)
        if (!param.type.is_index())
            fail(e.loc(), "{} of {} depends on {}, a {}: declare it as a size, Param {}(\"{}\")", what,
                 tensor, symbol.name(), param.type.str(), symbol.name(), symbol.name());
    if (holds_reduction(e.expr()))
        fail(e.loc(), "{} of {} is computed by a reduction: extents are integers and size parameters", what,
             tensor);
    return size_index(e.expr());
}

/// The element for a constant tensor; integers must hold their literal exactly.
Value element(const Expr& e, Type type, const std::string& tensor, Loc loc) {
    const auto* c = e.as<Constant>();
    if (!c) fail(loc, "an element of {} is not a literal", tensor);
    const Value v = cast(type, c->value);
    const bool lossy = !type.is_fixed() && type.is_exact() && v.as_rational() != c->value.as_rational();
    if (lossy) fail(loc, "{} does not hold {}: give {} a type that does", type.str(), c->value.str(), tensor);
    return v;
}

} // namespace

Name::Name(const char* name, Loc l) : Name(std::string(name ? name : ""), l) {}

Name::Name(std::string name, Loc l) : text(std::move(name)), loc(l) {
    ir::check_name(text, loc);
}

void check_name(const Name& name) {
    if (name.text.empty()) fail(name.loc, "this needs a name: the text is empty");
}

void check_element_type(Type t, const Name& name) {
    check_name(name);
    if (!t.is_element())
        fail(name.loc, "{} cannot have elements of {}: use a sized type", name.text, t.str());
}

void set_shape(TensorData& tensor, const Shape& shape) {
    tensor.extents.emplace();
    tensor.mins.clear();
    for (const Extent& e : shape.extents()) {
        const Expr extent = size_expression(e.extent(), "an extent", tensor.name());
        if (e.stride() != 1)
            fail(e.extent().loc(), "a dimension of {} has the stride {}: only a view has strides",
                 tensor.name(), e.stride());
        if (const std::optional<int64_t> n = as_int(extent); n && *n < 0)
            fail(e.extent().loc(), "an extent of {} is {}: extents are not negative", tensor.name(), *n);
        tensor.extents->push_back(extent);
        tensor.mins.push_back(size_expression(e.min(), "a min", tensor.name()));
    }
}

Shape shape_of(const TensorData& tensor, Loc loc) {
    std::vector<Extent> dims;
    for (size_t d = 0; d < tensor.extents->size(); ++d)
        dims.emplace_back(Range(Operand(min_value(tensor, d), loc), Operand(extent_value(tensor, d), loc)));
    return dims;
}

std::vector<Dim> declared_dims(const TensorData& tensor) {
    std::vector<Dim> dims;
    for (size_t d = 0; d < tensor.extents->size(); ++d)
        dims.push_back({tensor.mins[d], (*tensor.extents)[d]});
    return dims;
}

namespace {

void check_dimension(const TensorData& tensor, size_t dimension) {
    if (!tensor.extents)
        fail(tensor.loc,
             "{} has no declared shape: write it where {} is made, as in Func f(\"f\", type, {{M, N}})",
             tensor.name(), tensor.name());
    if (dimension >= tensor.extents->size())
        fail(tensor.loc, "{} has {}: there is no dimension {}", tensor.name(),
             count_of(tensor.extents->size(), "dimension"), dimension);
}

Expr size_value(const Expr& size) {
    if (const std::optional<int64_t> n = as_int(size)) return Expr(*n);
    return Cast::make(Int(32), size);
}

} // namespace

Expr extent_value(const TensorData& tensor, size_t dimension) {
    check_dimension(tensor, dimension);
    return size_value((*tensor.extents)[dimension]);
}

Expr min_value(const TensorData& tensor, size_t dimension) {
    check_dimension(tensor, dimension);
    return size_value(tensor.mins[dimension]);
}

ElementRef::ElementRef(std::shared_ptr<TensorData> t, std::vector<Expr> at, Loc loc)
    : tensor(std::move(t)), subscripts(std::move(at)), location(loc) {
    const auto* func = dynamic_cast<const FuncData*>(tensor.get());
    std::optional<size_t> rank;
    if (tensor->extents)
        rank = tensor->extents->size();
    else if (func && !func->definitions.empty())
        rank = func->definitions.front().subscripts.size();
    if (rank && *rank != subscripts.size())
        fail(loc, "{} has {} and is used with {}: give one for each dimension", tensor->name(),
             count_of(*rank, "dimension"), count_of(subscripts.size(), "subscript"));
    for (size_t d = 0; d < subscripts.size(); ++d) {
        if (!subscripts[d].defined()) fail(loc, "subscript {} of {} is an empty Expr", d + 1, tensor->name());
        const Type t = subscripts[d].type();
        if (!t.is_int() && !t.is_bool())
            fail(loc, "subscript {} of {} is {}: a subscript is an integer; cast it, as in cast(Int(32), x)",
                 d + 1, tensor->name(), t.str());
    }
}

Expr ElementRef::load() const {
    if (tensor->values() > 1)
        fail(location, "{0} holds {1} values: take one, as in {0}(…)[0], or all, as in Tuple({0}(…))",
             tensor->name(), tensor->values());
    return load(0);
}

Expr ElementRef::load(size_t n) const {
    const size_t version = tensor->version(location);
    const TensorData& value = tensor->value(n);
    return Expr(
        std::make_shared<const TensorLoad>(tensor, *value.type, subscripts, version, value.symbol, location));
}

const std::string& ReadTensor::name() const {
    return tensor->name();
}
const Symbol& ReadTensor::symbol() const {
    return tensor->symbol;
}
Type ReadTensor::type() const {
    return *tensor->type;
}
size_t ReadTensor::rank() const {
    return tensor->extents->size();
}
Loc ReadTensor::loc() const {
    return tensor->loc;
}
Expr ReadTensor::extent(size_t dimension) const {
    return extent_value(*tensor, dimension);
}
Expr ReadTensor::min(size_t dimension) const {
    return min_value(*tensor, dimension);
}

Input::Input(Name name, Type type, const Shape& shape)
    : ReadTensor(std::make_shared<TensorData>(TensorRole::input, name)) {
    check_element_type(type, name);
    tensor->type = type;
    set_shape(*tensor, shape);
}

Const::Const(Name name, Type type, const std::vector<int64_t>& shape, const std::vector<Expr>& values)
    : ReadTensor(std::make_shared<TensorData>(TensorRole::constant, name)) {
    check_element_type(type, name);
    tensor->type = type;
    set_shape(*tensor, Shape(std::vector<Extent>(shape.begin(), shape.end())));
    mpz_class count = 1;
    for (const int64_t n : shape)
        count *= static_cast<long>(n);
    if (count != values.size())
        fail(name.loc, "{} has {} elements and {} values are given", name.text, count.get_str(),
             values.size());
    std::vector<Value> elements;
    for (const Expr& e : values)
        elements.push_back(element(e, type, name.text, name.loc));
    tensor->elements = std::make_shared<const std::vector<Value>>(std::move(elements));
}

Const::Const(Name name, const AnyBuffer& values)
    : ReadTensor(std::make_shared<TensorData>(TensorRole::constant, name)) {
    tensor->type = values.type();
    std::vector<Extent> dims;
    std::vector<int64_t> at;
    for (int d = 0; d < values.rank(); ++d) {
        dims.emplace_back(Range(values.min(d), values.extent(d)));
        at.push_back(values.min(d));
    }
    set_shape(*tensor, Shape(std::move(dims)));
    std::vector<Value> elements;
    for (int64_t n = values.size(); n > 0; --n) {
        elements.push_back(values.get(at));
        for (int d = values.rank() - 1; d >= 0; --d) {
            if (++at[static_cast<size_t>(d)] < values.min(d) + values.extent(d)) break;
            at[static_cast<size_t>(d)] = values.min(d);
        }
    }
    tensor->elements = std::make_shared<const std::vector<Value>>(std::move(elements));
}

} // namespace lathe
