/// \file Handles of streams, and the statements of a kernel that use them.

#include "recorder.h"
#include "shape.h"

#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/text.h"

namespace lathe {

using namespace ir;

StreamData::StreamData(const Name& name, Type t) : symbol(name.text), type(t), loc(name.loc) {
    check_name(name);
    check_element_type(t, name);
}

namespace {

std::shared_ptr<StreamData> make_stream(const Name& name, Type type, StreamData::Role role) {
    auto s = std::make_shared<StreamData>(name, type);
    s->role = role;
    return s;
}

std::shared_ptr<StreamData> make_blocks(const Name& name, Type type, const std::vector<int64_t>& shape,
                                        StreamData::Role role) {
    auto s = make_stream(name, type, role);
    if (shape.empty()) fail(name.loc, "a block of {} has no dimensions: use a stream of values", name.text);
    for (const int64_t extent : shape)
        if (extent <= 0)
            fail(name.loc, "an extent of a block of {} is {}: blocks have elements", name.text, extent);
    s->block = shape;
    return s;
}

void check_depth(const Name& name, int64_t depth) {
    if (depth < 0)
        fail(name.loc, "the depth of {} is {}: it is at least 1, or 0 for as many tokens as it needs",
             name.text, depth);
}

/// What passes through each of them is counted one by one.
constexpr int64_t most_streams = 1 << 16;

void set_extents(StreamData& s, const std::vector<Operand>& extents, const Name& name) {
    for (const Operand& e : extents) {
        if (!e.expr().type().is_int())
            fail(name.loc, "an extent of the streams {} is {}: it must be an integer", name.text,
                 e.expr().type().str());
        s.dims.push_back(simplify(size_index(e.expr())));
    }
}

/// Those of an argument.
void set_formal_extents(const StreamHandle& stream, const std::vector<Operand>& extents, const Name& name) {
    StreamData& s = *stream.data();
    set_extents(s, extents, name);
    int64_t all = 1;
    for (const int64_t extent : stream_extents(s)) {
        if (extent < 1)
            fail(name.loc, "an extent of the streams {} is {}: it is at least 1", name.text, extent);
        if (__builtin_mul_overflow(all, extent, &all) || all > most_streams)
            fail(name.loc, "the streams {} are too many: at most {}", name.text, most_streams);
    }
}

} // namespace

std::vector<int64_t> stream_extents(const StreamData& s) {
    std::vector<int64_t> extents;
    for (const Expr& e : s.dims) {
        const auto n = as_int(e);
        if (!n)
            fail(s.loc,
                 "an extent of {} is {}: it must be a number. Make the kernel in a function that takes it",
                 s.symbol.name(), print(e));
        extents.push_back(*n);
    }
    return extents;
}

const std::string& StreamHandle::name() const {
    return stream->symbol.name();
}
Type StreamHandle::type() const {
    return stream->type;
}
Loc StreamHandle::loc() const {
    return stream->loc;
}

StreamRef::StreamRef(const StreamHandle& s, Loc l) : StreamRef(s.data(), {}, l) {}

StreamRef::StreamRef(std::shared_ptr<StreamData> s, std::vector<Expr> subscripts, Loc l)
    : stream(std::move(s)), at(std::move(subscripts)), location(l) {
    if (at.size() > stream->dims.size())
        fail(l, "the streams {} take {} subscripts, and one of them is named by {}", stream->symbol.name(),
             stream->dims.size(), at.size());
    for (const Expr& e : at)
        if (!e.type().is_int() && !e.type().is_index())
            fail(l, "a subscript of the streams {} is {}: it must be an integer", stream->symbol.name(),
                 e.type().str());
}

InStream::InStream(Name name, Type type, const std::vector<Operand>& extents)
    : StreamHandle(make_stream(name, type, StreamData::Role::in)) {
    set_formal_extents(*this, extents, name);
}
OutStream::OutStream(Name name, Type type, const std::vector<Operand>& extents)
    : StreamHandle(make_stream(name, type, StreamData::Role::out)) {
    set_formal_extents(*this, extents, name);
}
InBlockStream::InBlockStream(Name name, Type type, const std::vector<int64_t>& shape,
                             const std::vector<Operand>& extents)
    : StreamHandle(make_blocks(name, type, shape, StreamData::Role::in)) {
    set_formal_extents(*this, extents, name);
}
OutBlockStream::OutBlockStream(Name name, Type type, const std::vector<int64_t>& shape,
                               const std::vector<Operand>& extents)
    : StreamHandle(make_blocks(name, type, shape, StreamData::Role::out)) {
    set_formal_extents(*this, extents, name);
}

const std::string& KernelArgument::name() const {
    return tensor ? tensor->name() : stream ? stream->symbol.name() : param->symbol.name();
}

namespace {

View make_view(const std::shared_ptr<TensorData>& t, const std::vector<ViewPart>& parts, Loc loc) {
    if (parts.size() != t->extents->size())
        fail(loc, "{} has {} dimensions, and the view of it {}", t->name(), t->extents->size(), parts.size());
    for (const ViewPart& p : parts) {
        if (p.range.stride <= 0)
            fail(loc, "the stride of a view of {} is {}: it is at least 1", t->name(), p.range.stride);
        for (const Operand* e : {&p.range.min, &p.range.extent})
            if (!e->expr().type().is_int() && !e->expr().type().is_index())
                fail(e->loc(), "a bound of a view of {} is {}: it must be an integer", t->name(),
                     e->expr().type().str());
    }
    return {t, parts, loc};
}

} // namespace

View view(const ReadTensor& t, const std::vector<ViewPart>& parts, Loc loc) {
    return make_view(t.data(), parts, loc);
}
View view(const KernelArray& t, const std::vector<ViewPart>& parts, Loc loc) {
    return make_view(t.data(), parts, loc);
}

void KernelBody::dataflow(const Body& body, Loc loc) {
    if (!body) fail(loc, "a dataflow has no body: give a function");
    KernelDataflow& d = recorder.add(KernelDataflow{}, loc);
    d.body = recorder.make_block(KernelBlock::Kind::network, nullptr);
    recorder.run(*d.body, body);
}

Stream KernelBody::stream(Name name, Type type, const std::vector<Operand>& extents, int64_t depth) {
    auto s = make_stream(name, type, StreamData::Role::local);
    check_depth(name, depth);
    if (!recorder.in_network())
        fail(name.loc, "the stream {} joins the kernels of a dataflow: make it there", name.text);
    set_extents(*s, extents, name);
    for (const Operand& e : extents)
        recorder.use(e.expr(), e.loc());
    s->depth = depth;
    recorder.add_local(*s);
    recorder.add(KernelStream{s}, name.loc);
    return Stream(s);
}

BlockStream KernelBody::blocks(Name name, Type type, const std::vector<int64_t>& shape, int64_t depth,
                               const std::vector<Operand>& extents) {
    const auto s = make_blocks(name, type, shape, StreamData::Role::local);
    const Stream made = stream(name, type, extents, depth);
    made.data()->block = s->block;
    return BlockStream(made.data());
}

void KernelBody::push(const StreamRef& to, const Operand& value) {
    recorder.use_stream(to, true, false, value.loc());
    recorder.use(value.expr(), value.loc());
    recorder.add(KernelPush{to, value.expr()}, value.loc());
}

Expr KernelBody::pop(const StreamRef& from, Loc loc) {
    recorder.use_stream(from, false, false, loc);
    const Symbol symbol(from.data()->symbol.name() + "_token");
    recorder.add(KernelPop{symbol, from}, loc);
    recorder.note_let(symbol);
    return Expr(std::make_shared<const LetVariable>(symbol, from.data()->type, loc));
}

void KernelBody::block(const StreamRef& s, bool writes, const std::function<void(Array)>& body, Loc loc) {
    if (!body) fail(loc, "a statement has no body: give a function");
    recorder.use_stream(s, writes, true, loc);
    const StreamData& stream = *s.data();
    for (const KernelBlock* b = &recorder.here(); b; b = b->parent)
        if (b->branch == &stream)
            fail(loc, "a block of {} is {} here: the next one begins when that has ended",
                 stream.symbol.name(), writes ? "being filled" : "being drained");
    auto tensor = std::make_shared<KernelTensor>(Name(stream.symbol.name() + "_block", loc));
    tensor->type = stream.type;
    set_shape(*tensor, Shape(std::vector<Extent>(stream.block.begin(), stream.block.end())));
    KernelBlockUse& use = recorder.add(KernelBlockUse{s, writes, tensor, nullptr}, loc);
    use.body = recorder.make_block(KernelBlock::Kind::tokens, &stream);
    recorder.run(*use.body, [&] {
        recorder.add_local(tensor);
        tensor->read_only = !writes;
        body(Array(tensor));
    });
}

void KernelBody::fill(const StreamRef& to, const std::function<void(Array)>& body, Loc loc) {
    block(to, true, body, loc);
}
void KernelBody::drain(const StreamRef& from, const std::function<void(Array)>& body, Loc loc) {
    block(from, false, body, loc);
}

} // namespace lathe
