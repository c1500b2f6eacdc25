#include "recorder.h"

#include "shape.h"

#include "lathe/ir/text.h"

#include "lathe/dsl/operators.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

std::shared_ptr<KernelTensor> make_tensor(const Name& name, Type type, const Shape& shape) {
    check_element_type(type, name);
    auto tensor = std::make_shared<KernelTensor>(name);
    tensor->type = type;
    set_shape(*tensor, shape);
    return tensor;
}

Recorder& recorder_of(const KernelTensor& tensor, Loc loc) {
    if (!tensor.recorder)
        fail(loc, "{} is stored to outside of a kernel's body: {}", tensor.name(),
             tensor.local ? "it lives in the body only"
                          : "list it among the arguments of the kernel that writes it");
    return *tensor.recorder;
}

void record(const std::shared_ptr<KernelTensor>& tensor, const std::vector<Expr>& subscripts,
            std::optional<BinaryOp> op, const Expr& value, Loc loc) {
    Recorder& r = recorder_of(*tensor, loc);
    for (const Expr& s : subscripts)
        r.use(s, loc);
    r.use(value, loc);
    r.write(tensor, loc);
    r.add(KernelStore{{{tensor, subscripts, value}}, op}, loc);
}

void subtract(const std::shared_ptr<KernelTensor>& tensor, const std::vector<Expr>& subscripts,
              const Operand& value, Loc loc) {
    record(tensor, subscripts, BinaryOp::add, Unary::make(UnaryOp::neg, value.expr(), loc), loc);
}

Expr load(const std::shared_ptr<KernelTensor>& tensor, const std::vector<Expr>& subscripts, Loc loc) {
    return Expr(std::make_shared<const TensorLoad>(tensor, *tensor->type, subscripts, tensor->version(loc),
                                                   tensor->symbol, loc));
}

void check_condition(const Operand& condition, const char* what) {
    const Type t = condition.expr().type();
    if (!t.is_bool())
        fail(condition.loc(), "the condition of {} is {}: it must be a Bool; compare with 0", what, t.str());
}

/// The texts around the places `{}`; `{{` and `}}` are braces.
std::vector<std::string> pieces(const std::string& format, Loc loc) {
    std::vector<std::string> texts(1);
    for (size_t n = 0; n < format.size(); ++n) {
        const char c = format[n], next = n + 1 < format.size() ? format[n + 1] : ' ';
        if (c != '{' && c != '}') {
            texts.back() += c;
        } else if (next == c) {
            texts.back() += c;
            ++n;
        } else if (c == '{' && next == '}') {
            texts.emplace_back();
            ++n;
        } else {
            fail(loc, "the text of a print has a single {}: write {}{} for a brace, {{}} for a value", c, c,
                 c);
        }
    }
    return texts;
}

template <class F> void check_body(const F& body, Loc loc) {
    if (!body) fail(loc, "a statement has no body: give a function");
}

void check_integer(const Operand& e, const char* what) {
    const Type t = e.expr().type();
    if (!t.is_int()) fail(e.loc(), "the {} of a for_ is {}: it must be an integer", what, t.str());
}

} // namespace

// ---- Elements.

SliceRef::SliceRef(std::shared_ptr<KernelTensor> t, std::vector<Expr> at, int h, int l, Loc loc)
    : tensor(std::move(t)), subscripts(std::move(at)), hi(h), lo(l), location(loc) {}

void SliceRef::operator=(const Operand& bits) && {
    const Expr whole = load(tensor, subscripts, location);
    const Expr width = whole(hi, lo, location); // checks the range
    const Expr fresh = Cast::make(width.type(), bits.expr(), location);
    const Expr value = Call::make("with_slice", {whole, fresh, Expr(hi), Expr(lo)}, location);
    record(tensor, subscripts, {}, value, location);
}
void SliceRef::operator=(SliceRef&& bits) && {
    std::move(*this) = Operand(std::move(bits), location);
}
Expr SliceRef::value(Loc) && {
    return load(tensor, subscripts, location)(hi, lo, location);
}
SliceRef::operator Expr() && {
    return std::move(*this).value(location);
}

BitRef::BitRef(std::shared_ptr<KernelTensor> t, std::vector<Expr> at, const Operand& p)
    : tensor(std::move(t)), subscripts(std::move(at)), position(p) {}

void BitRef::operator=(const Operand& bit) && {
    const Loc at = position.loc();
    const Expr whole = load(tensor, subscripts, at), place = position.expr();
    const Expr old = whole[place]; // refuses what has no bits
    const Type bits = UInt(whole.type().width());
    const auto shifted = [&](const Expr& e) {
        return Binary::make(BinaryOp::shl, Cast::make(bits, e, at), place, at);
    };
    const Expr others = Unary::make(UnaryOp::bit_not, shifted(Expr(1)), at);
    const Expr rest = Binary::make(BinaryOp::bit_and, Bitcast::make(bits, whole, at), others, at);
    const Expr fresh = shifted(Cast::make(old.type(), bit.expr(), at));
    const Expr value = Binary::make(BinaryOp::bit_or, rest, fresh, at);
    record(tensor, subscripts, {}, Bitcast::make(whole.type(), value, at), at);
}
void BitRef::operator=(BitRef&& bit) && {
    const Loc at = position.loc();
    std::move(*this) = Operand(std::move(bit), at);
}
Expr BitRef::value(Loc) && {
    return load(tensor, subscripts, position.loc())[position.expr()];
}
BitRef::operator Expr() && {
    return std::move(*this).value(position.loc());
}

StoreRef::StoreRef(const std::shared_ptr<KernelTensor>& t, std::vector<Expr> at, Loc loc)
    : ElementRef(t, std::move(at), loc) {}

std::shared_ptr<KernelTensor> StoreRef::target() const {
    return std::static_pointer_cast<KernelTensor>(tensor);
}

void StoreRef::operator=(const Operand& value) && {
    record(target(), subscripts, {}, value.expr(), location);
}
void StoreRef::operator=(StoreRef&& value) && {
    std::move(*this) = Operand(std::move(value), location);
}
void StoreRef::operator-=(const Operand& value) && {
    subtract(target(), subscripts, value, location);
}
SliceRef StoreRef::operator[](BitPosition bit) && {
    return {target(), subscripts, bit.position, bit.position, bit.loc};
}
SliceRef StoreRef::operator()(int hi, int lo, Loc loc) && {
    return {target(), subscripts, hi, lo, loc};
}

const std::string& Scalar::name() const {
    return tensor->name();
}
Type Scalar::type() const {
    return *tensor->type;
}
void Scalar::operator=(const Operand& value) {
    record(tensor, {}, {}, value.expr(), value.loc());
}
void Scalar::operator=(const Scalar& value) {
    *this = Operand(value, tensor->loc);
}
void Scalar::operator-=(const Operand& value) {
    subtract(tensor, {}, value, value.loc());
}
SliceRef Scalar::operator[](BitPosition bit) {
    return {tensor, {}, bit.position, bit.position, bit.loc};
}
Loc Scalar::tensor_loc() const {
    return tensor->loc;
}
SliceRef Scalar::operator()(int hi, int lo, Loc loc) {
    return {tensor, {}, hi, lo, loc};
}
Expr Scalar::value(Loc loc) const {
    return load(tensor, {}, loc);
}
Scalar::operator Expr() const {
    return value(tensor->loc);
}

#define LATHE_UPDATE(token, op)                                                                              \
    void StoreRef::operator token(const Operand & value)&& {                                                 \
        record(target(), subscripts, BinaryOp::op, value.expr(), location);                                  \
    }                                                                                                        \
    void Scalar::operator token(const Operand & value) {                                                     \
        record(tensor, {}, BinaryOp::op, value.expr(), value.loc());                                         \
    }
LATHE_UPDATE(+=, add)
LATHE_UPDATE(*=, mul)
LATHE_UPDATE(/=, div)
LATHE_UPDATE(%=, mod)
LATHE_UPDATE(&=, bit_and)
LATHE_UPDATE(|=, bit_or)
LATHE_UPDATE(^=, bit_xor)
LATHE_UPDATE(<<=, shl)
LATHE_UPDATE(>>=, shr)
#undef LATHE_UPDATE

// ---- Tensors.

const std::string& KernelArray::name() const {
    return tensor->name();
}
const Symbol& KernelArray::symbol() const {
    return tensor->symbol;
}
Type KernelArray::type() const {
    return *tensor->type;
}
size_t KernelArray::rank() const {
    return tensor->extents->size();
}
Loc KernelArray::loc() const {
    return tensor->loc;
}
Expr KernelArray::extent(size_t dimension) const {
    return extent_value(*tensor, dimension);
}
Expr KernelArray::min(size_t dimension) const {
    return min_value(*tensor, dimension);
}

Output::Output(Name name, Type type, const Shape& shape) : KernelArray(make_tensor(name, type, shape)) {}

InOut::InOut(Name name, Type type, const Shape& shape) : KernelArray(make_tensor(name, type, shape)) {
    tensor->direction = Direction::inout;
}

KernelArgument::KernelArgument(const Input& t, Loc l) : tensor(t.data()), loc(l) {}
KernelArgument::KernelArgument(const Output& t, Loc l) : tensor(t.data()), loc(l) {}
KernelArgument::KernelArgument(const InOut& t, Loc l) : tensor(t.data()), loc(l) {}
KernelArgument::KernelArgument(const Param& p, Loc l) : param(p), loc(l) {}
CallArgument::CallArgument(const ReadTensor& t, Loc l) : tensor(t.data()), loc(l) {}
CallArgument::CallArgument(const KernelArray& t, Loc l) : tensor(t.data()), loc(l) {}

// ---- Statements.

IfChain IfChain::elif_(const Operand& condition, const Body& body) {
    check_body(body, condition.loc());
    KernelIf* next = nullptr;
    KernelBlock* arm = nullptr;
    else_(
        [&] {
            check_condition(condition, "elif_");
            arm = &recorder.here();
            recorder.use(condition.expr(), condition.loc());
            next = &recorder.add(KernelIf{condition.expr(), nullptr, nullptr}, condition.loc());
            next->then_body = recorder.make_block(KernelBlock::Kind::then_arm, next);
            recorder.run(*next->then_body, body);
        },
        condition.loc());
    return {recorder, block, item, *arm, *next};
}

void IfChain::else_(const Body& body, Loc loc) {
    check_body(body, loc);
    if (&recorder.here() != &block || block.items.size() != item + 1 || last.else_body)
        fail(loc, "an else_ or elif_ stands directly behind its if_, and there is one else_");
    recorder.run(inner, [&] {
        last.else_body = recorder.make_block(KernelBlock::Kind::else_arm, &last);
        recorder.run(*last.else_body, body);
    });
}

Var KernelBody::loop(const Var& i, const Operand& begin, const Operand& end, int64_t step,
                     const LoopBody& body) {
    const Loc loc = begin.loc();
    check_body(body, loc);
    check_integer(begin, "beginning");
    check_integer(end, "end");
    if (step == 0) fail(loc, "the step of {} is 0: a loop steps up or down", i.name());
    recorder.use(begin.expr(), loc);
    recorder.use(end.expr(), loc);
    KernelFor& f = recorder.add(KernelFor{i.symbol(), begin.expr(), end.expr(), step, nullptr}, loc);
    f.body = recorder.make_block(KernelBlock::Kind::loop, nullptr);
    recorder.bind(i.symbol(), *f.body, loc);
    recorder.run(*f.body, [&] { body(i); });
    recorder.release(i.symbol());
    return i;
}

Var KernelBody::for_(const Var& i, const Operand& begin, const Operand& end, const Body& body) {
    check_body(body, begin.loc());
    return loop(i, begin, end, 1, [&](const Var&) { body(); });
}
Var KernelBody::for_(const Var& i, const Operand& begin, const Operand& end, int64_t step, const Body& body) {
    check_body(body, begin.loc());
    return loop(i, begin, end, step, [&](const Var&) { body(); });
}
Var KernelBody::for_(const Operand& begin, const Operand& end, const LoopBody& body) {
    return loop(Var(Name("i", begin.loc())), begin, end, 1, body);
}
Var KernelBody::for_(const Operand& begin, const Operand& end, int64_t step, const LoopBody& body) {
    return loop(Var(Name("i", begin.loc())), begin, end, step, body);
}

static bool is_zero(const Operand& e) {
    const auto* c = e.expr().as<Constant>();
    return c && c->value.is_zero();
}

std::vector<Var> KernelBody::nest(const Shape& domain, std::optional<size_t> variables,
                                  const std::function<void(const std::vector<Var>&)>& body, Loc loc) {
    const std::vector<Extent>& extents = domain.extents();
    if (variables && *variables != extents.size())
        fail(loc, "the domain has {} dimensions, and the body takes {} variables", extents.size(),
             *variables);
    std::vector<Var> all;
    for (size_t d = 0; d < extents.size(); ++d)
        all.emplace_back(Name(d < 3 ? std::string(1, "ijk"[d]) : fmt::format("i{}", d), loc));
    const std::function<void(size_t)> level = [&](size_t d) {
        if (d == extents.size()) return body(all);
        const Operand &first = extents[d].min(), &count = extents[d].extent();
        const Operand end = is_zero(first) ? count : Operand(first + count, count.loc());
        loop(all[d], first, end, 1, [&](const Var&) { level(d + 1); });
    };
    level(0);
    return all;
}

Shape KernelBody::shape_of(const KernelArray& t, Loc loc) {
    return lathe::shape_of(*t.data(), loc);
}

Array KernelBody::copy(Name name, const KernelArray& from) {
    const Array to = array(name, from.type(), lathe::shape_of(*from.data(), name.loc));
    update(to, [&](const std::vector<Var>& v) { return from(subscripts(v), name.loc); }, name.loc);
    return to;
}

Array KernelBody::copy(Name name, const ReadTensor& from) {
    const Array to = array(name, from.type(), lathe::shape_of(*from.data(), name.loc));
    update(to, [&](const std::vector<Var>& v) { return from(subscripts(v), name.loc); }, name.loc);
    return to;
}

IfChain KernelBody::if_(const Operand& condition, const Body& body) {
    check_body(body, condition.loc());
    check_condition(condition, "if_");
    recorder.use(condition.expr(), condition.loc());
    KernelBlock& block = recorder.here();
    KernelIf& i = recorder.add(KernelIf{condition.expr(), nullptr, nullptr}, condition.loc());
    const size_t item = block.items.size() - 1;
    i.then_body = recorder.make_block(KernelBlock::Kind::then_arm, &i);
    recorder.run(*i.then_body, body);
    return {recorder, block, item, block, i};
}

void KernelBody::while_(const std::function<Expr()>& condition, const Body& body, Loc loc) {
    check_body(body, loc);
    if (!condition) fail(loc, "a while_ has no condition: give a function");
    KernelWhile& w = recorder.add(KernelWhile{}, loc);
    w.body = recorder.make_block(KernelBlock::Kind::loop, nullptr);
    recorder.run(*w.body, [&] {
        const Operand holds(condition(), loc);
        check_condition(holds, "while_");
        if (!w.body->items.empty())
            fail(loc, "the condition of a while_ makes a statement: it may only read");
        recorder.use(holds.expr(), loc);
        w.condition = holds.expr();
        body();
    });
}

void KernelBody::break_(Loc loc) {
    const KernelBlock* b = &recorder.here();
    while (b && b->kind != KernelBlock::Kind::loop)
        b = b->parent;
    if (!b) fail(loc, "break_ stands outside of every loop: return_ ends the kernel");
    recorder.add(KernelLeave{b}, loc);
}

void KernelBody::break_(const Var& loop, Loc loc) {
    const KernelBlock* b = recorder.loop_of(loop.symbol());
    if (!b) fail(loc, "break_({}) stands outside of the loop of {}", loop.name(), loop.name());
    recorder.add(KernelLeave{b}, loc);
}

void KernelBody::return_(Loc loc) {
    recorder.add(KernelLeave{nullptr}, loc);
}

Expr KernelBody::let(const Operand& value) {
    const Expr& e = value.expr();
    Mentions mentions;
    mentions.add(e);
    if (mentions.loads.empty() || e.type().is_real()) return e; // nothing changes it
    recorder.use(e, value.loc());
    const Symbol symbol("kept");
    recorder.add(KernelLet{symbol, e}, value.loc());
    recorder.note_let(symbol);
    return Expr(std::make_shared<const LetVariable>(symbol, e.type(), value.loc()));
}

Scalar KernelBody::scalar(Name name, Type type) {
    const auto tensor = make_tensor(name, type, Shape());
    tensor->space = MemorySpace::registers();
    recorder.add_local(tensor);
    recorder.add(KernelLocal{tensor}, name.loc);
    return Scalar(tensor);
}

Scalar KernelBody::scalar(Name name, Type type, const Operand& initial) {
    const auto tensor = scalar(name, type).data();
    record(tensor, {}, {}, initial.expr(), name.loc);
    return Scalar(tensor);
}

Array KernelBody::array(Name name, Type type, const Shape& shape) {
    constexpr int64_t most_stack_bytes = 16384;
    const auto tensor = make_tensor(name, type, shape);
    for (const Extent& e : shape.extents()) {
        recorder.use(e.min().expr(), e.min().loc());
        recorder.use(e.extent().expr(), e.extent().loc());
    }
    int64_t bytes = static_cast<int64_t>(element_bytes(type));
    bool small = true;
    for (const Expr& e : *tensor->extents) {
        const std::optional<int64_t> n = as_int(e);
        small = small && n && !__builtin_mul_overflow(bytes, *n, &bytes) && bytes <= most_stack_bytes;
    }
    if (small) tensor->space = MemorySpace::stack();
    recorder.add_local(tensor);
    recorder.add(KernelLocal{tensor}, name.loc);
    return Array(tensor);
}

void KernelBody::store_all(const std::vector<StoreRef*>& targets, const std::vector<Operand>& values) {
    const Loc loc = targets.front()->location;
    if (targets.size() != values.size())
        fail(loc, "a store of {} values to {} elements: give one value for each", values.size(),
             targets.size());
    KernelStore all;
    for (size_t n = 0; n < targets.size(); ++n) {
        const auto tensor = targets[n]->target();
        recorder_of(*tensor, loc);
        for (const Expr& s : targets[n]->subscripts)
            recorder.use(s, loc);
        recorder.use(values[n].expr(), loc);
        all.targets.push_back({tensor, targets[n]->subscripts, values[n].expr()});
    }
    for (const KernelTarget& t : all.targets)
        recorder.write(t.tensor, loc);
    recorder.add(std::move(all), loc);
}

void KernelBody::print(const std::string& format, const std::vector<Operand>& values, Loc loc) {
    check_message(format, loc);
    KernelPrint p{pieces(format, loc), {}};
    if (p.texts.size() != values.size() + 1)
        fail(loc, "print of {} values, and its text has {} places {{}}", values.size(), p.texts.size() - 1);
    for (const Operand& v : values) {
        recorder.use(v.expr(), v.loc());
        const Type t = v.expr().type();
        const bool exact = t.is_fixed();
        p.values.push_back(exact         ? Cast::make(Float(64), v.expr(), v.loc())
                           : t.is_real() ? Cast::make(Float(32), v.expr(), v.loc())
                                         : v.expr());
    }
    Print::make(p.texts, p.values, loc); // checks the types
    recorder.add(std::move(p), loc);
}

void KernelBody::require(const Operand& condition, const std::string& message) {
    check_condition(condition, "require");
    check_message(message, condition.loc());
    recorder.use(condition.expr(), condition.loc());
    recorder.add(KernelRequire{condition.expr(), message.empty() ? "a requirement does not hold" : message},
                 condition.loc());
}

// ---- Kernels.

Kernel::Kernel(Name name, const std::vector<KernelArgument>& arguments,
               const std::function<void(KernelBody&)>& body) {
    check_name(name);
    if (!body) fail(name.loc, "the kernel {} has no body: give a function", name.text);
    auto data = std::make_shared<KernelData>(name, arguments);
    Recorder recorder(*data);
    KernelBody statements(recorder);
    body(statements);
    recorder.check_stale();
    kernel = std::move(data);
}

const std::string& Kernel::name() const {
    return kernel->symbol.name();
}
const Symbol& Kernel::symbol() const {
    return kernel->symbol;
}
Loc Kernel::loc() const {
    return kernel->loc;
}

StageRef::StageRef(const Kernel& k, Loc l) : func(k.symbol()), loc(l) {}

} // namespace lathe
