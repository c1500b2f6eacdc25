#include "lathe/ir/stmt.h"

#include "expr_types.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cctype>

namespace lathe::ir {

StmtNode::StmtNode(StmtKind k, Loc l, unsigned d) : kind(k), loc(l), depth(d) {
    if (depth > max_depth)
        fail(loc, "the statement is nested more than {} levels deep: use fewer nested conditions and lets",
             max_depth);
}

unsigned depth_above(const std::vector<Stmt>& bodies) {
    unsigned depth = 0;
    for (const Stmt& s : bodies)
        depth = std::max(depth, depth_above(s));
    return depth;
}

namespace {

void flatten(const std::vector<Stmt>& stmts, std::vector<Stmt>& into) {
    for (const Stmt& s : stmts) {
        if (const auto* b = s.as<Block>()) {
            flatten(b->stmts, into);
        } else if (s.defined()) {
            into.push_back(s);
        }
    }
}

void check_scalar_index(const Expr& e, const char* what, Loc loc) {
    invariant(e.defined(), "a bound is undefined");
    if (!e.type().is_index())
        fail(loc, "{} is {}: it must be an integer; cast it to Index", what, e.type().str());
    invariant(e.type().is_scalar(), "a bound is a vector");
}

void check_target(const StoreTarget& t, const Expr& predicate, Loc loc) {
    invariant(bool(t.tensor), "a store has no tensor");
    check_element_type(t.type);
    const int lanes = access_lanes(t.tensor, t.indices, predicate, loc);
    invariant(t.value.defined(), "a stored value is undefined");
    if (t.value.type().is_index())
        fail(loc, "a subscript cannot be stored in {}: cast it to Int(32) first", t.tensor.name());
    invariant(t.value.type().lanes() == lanes, "a stored value has other lanes than its subscripts");
}

/// The type that one step of a Reduce combines with: an untyped literal is typed beside the tensor's element.
Type step_type(const StoreTarget& t) {
    const Constant* literal = real_literal(t.value);
    if (literal) return type_literal(literal->value, t.type).type();
    return t.value.type().element();
}

bool is_product(const Expr& e) {
    const auto* b = e.as<Binary>();
    return b && b->op == BinaryOp::mul && b->type.is_float();
}

} // namespace

Stmt Block::make(std::vector<Stmt> stmts) {
    std::vector<Stmt> flat;
    const auto stays = [](const Stmt& s) { return s.defined() && s.kind() != StmtKind::block; };
    if (std::ranges::all_of(stmts, stays))
        flat = std::move(stmts);
    else
        flatten(stmts, flat);
    if (flat.empty()) return {};
    if (flat.size() == 1) return flat.front();
    return Stmt(std::make_shared<const Block>(std::move(flat)));
}

Stmt For::make(Symbol var, Expr min, Expr extent, LoopKind loop, Stmt body, Loc loc) {
    invariant(bool(var), "a loop has no variable");
    check_scalar_index(min, "a loop's first value", loc);
    check_scalar_index(extent, "a loop's extent", loc);
    return Stmt(std::make_shared<const For>(std::move(var), std::move(min), std::move(extent),
                                            std::move(loop), std::move(body), loc));
}

Stmt While::make(Expr condition, Stmt body, Loc loc) {
    check_condition("a while", condition, loc);
    return Stmt(std::make_shared<const While>(std::move(condition), std::move(body), loc));
}

Stmt If::make(Expr condition, Stmt then_body, Stmt else_body, Loc loc) {
    check_condition("an if", condition, loc);
    return Stmt(
        std::make_shared<const If>(std::move(condition), std::move(then_body), std::move(else_body), loc));
}

Stmt LetStmt::make(Symbol s, Expr value, Stmt body, Loc loc) {
    invariant(bool(s), "a let has no symbol");
    invariant(value.defined(), "a let's value is undefined");
    invariant(!value.type().is_real(), "a let of an untyped real: substitute the literal instead");
    return Stmt(std::make_shared<const LetStmt>(std::move(s), std::move(value), std::move(body), loc));
}

Stmt Store::make(std::vector<StoreTarget> targets, Loc loc, Expr predicate) {
    invariant(!targets.empty(), "a store has no target");
    for (const StoreTarget& t : targets)
        check_target(t, predicate, loc);
    return Stmt(std::make_shared<const Store>(std::move(targets), std::move(predicate), loc));
}

Stmt Store::make(Symbol tensor, Type type, std::vector<Expr> indices, Expr value, Loc loc, Expr predicate) {
    return make({StoreTarget{std::move(tensor), type, std::move(indices), std::move(value)}}, loc,
                std::move(predicate));
}

Stmt Reduce::make(BinaryOp op, StoreTarget target, Loc loc, Expr predicate, bool contract) {
    check_target(target, predicate, loc);
    invariant(!is_compare(op), "a comparison cannot update a tensor");
    const Type value = step_type(target);
    result_type(op, target.type, value, loc);
    const bool order_free = ir::commutes(op, target.type, value);
    contract = contract && op == BinaryOp::add && target.type.is_float() && is_product(target.value);
    return Stmt(std::make_shared<const Reduce>(op, std::move(target), std::move(predicate), order_free,
                                               contract, loc));
}

namespace {

void check_declaration(const Tensor& tensor) {
    invariant(bool(tensor.symbol), "a tensor has no symbol");
    check_element_type(tensor.type);
    for (const Dim& d : tensor.dims) {
        check_scalar_index(d.min, "a tensor's first subscript", tensor.loc);
        check_scalar_index(d.extent, "a tensor's extent", tensor.loc);
    }
    check_layout(tensor);
}

/// Whether a dimension of `inner` reads a tensor of `outer`, as it may where that is constant.
bool reads(const std::vector<Tensor>& inner, const std::vector<Tensor>& outer) {
    bool found = false;
    const auto note = [&](const Expr& e) {
        const auto* l = e.as<Load>();
        found |= l && std::ranges::find(outer, l->tensor, &Tensor::symbol) != outer.end();
    };
    for (const Tensor& t : inner)
        for (const Dim& d : t.dims) {
            for_each_expr(d.min, note);
            for_each_expr(d.extent, note);
        }
    return found;
}

} // namespace

Stmt Allocate::make(std::vector<Tensor> tensors, Stmt body) {
    if (tensors.empty()) return body;
    for (const Tensor& t : tensors)
        check_declaration(t);
    if (const auto* inner = body.as<Allocate>(); inner && !reads(inner->tensors, tensors)) {
        tensors.insert(tensors.end(), inner->tensors.begin(), inner->tensors.end());
        body = inner->body;
    }
    auto list = std::make_shared<const std::vector<Tensor>>(std::move(tensors));
    return Stmt(std::make_shared<const Allocate>(std::move(list), std::move(body)));
}

Stmt Allocate::make(Tensor tensor, Stmt body) {
    std::vector<Tensor> one;
    one.push_back(std::move(tensor));
    return make(std::move(one), std::move(body));
}

Stmt Allocate::around(Stmt other) const {
    if (other.as<Allocate>()) return make(tensors, std::move(other));
    return Stmt(std::make_shared<const Allocate>(list, std::move(other)));
}

const Tensor* Allocate::find(const Symbol& tensor) const {
    const auto found = std::ranges::find(tensors, tensor, &Tensor::symbol);
    return found == tensors.end() ? nullptr : &*found;
}

Stmt Assert::make(Expr condition, std::string message, Loc loc) {
    check_condition("an assertion", condition, loc);
    return Stmt(std::make_shared<const Assert>(std::move(condition), std::move(message), loc));
}

Stmt Print::make(std::vector<std::string> texts, std::vector<Expr> values, Loc loc) {
    invariant(texts.size() == values.size() + 1, "a print has one text more than values");
    for (const Expr& e : values) {
        invariant(e.defined(), "a printed value is undefined");
        const Type t = e.type();
        if (!t.is_scalar() || !(t.is_int() || t.is_bool() || t.is_float()) || t.width() > 64)
            fail(loc, "print of {}: cast it to an integer of up to 64 bits or to a float", t.str());
    }
    return Stmt(std::make_shared<const Print>(std::move(texts), std::move(values), loc));
}

Stmt ExternCall::make(std::shared_ptr<const ExternFunction> callee, std::vector<ExternArgument> arguments,
                      Loc loc) {
    invariant(callee != nullptr, "a call of no function");
    for (const ExternArgument& a : arguments) {
        if (a.tensor) {
            check_element_type(a.type);
            for (const Dim& d : a.dims) {
                check_scalar_index(d.min, "a tensor's first subscript", loc);
                check_scalar_index(d.extent, "a tensor's extent", loc);
            }
        } else {
            invariant(a.value.defined() && a.value.type() == a.type,
                      "an extern function's scalar has its type");
            if (!a.type.is_scalar() || a.type.is_real() || a.type.width() > 64)
                fail(loc,
                     "the extern function {} takes a scalar of {}: pass what has more than 64 bits as a "
                     "tensor",
                     callee->name, a.type.str());
        }
    }
    return Stmt(std::make_shared<const ExternCall>(std::move(callee), std::move(arguments), loc));
}

Stmt Copy::make(Symbol from, Symbol to, Side side, Type type, std::vector<Dim> dims, Loc loc) {
    invariant(from && to && from != to, "a copy from one tensor to another");
    check_element_type(type);
    for (const Dim& d : dims) {
        check_scalar_index(d.min, "a tensor's first subscript", loc);
        check_scalar_index(d.extent, "a tensor's extent", loc);
    }
    return Stmt(
        std::make_shared<const Copy>(std::move(from), std::move(to), side, type, std::move(dims), loc));
}

Stmt Stage::make(Symbol func, int definition, Stmt body, Loc loc) {
    invariant(bool(func), "a stage has no Func");
    invariant(definition >= 0, "a stage's definition number is negative");
    return Stmt(std::make_shared<const Stage>(std::move(func), definition, std::move(body), loc));
}

namespace {

void check_element(const StreamElement& e, Loc loc) {
    invariant(bool(e.stream), "a token has no stream");
    for (const Expr& i : e.at)
        check_scalar_index(i, "the subscript of a stream", loc);
}

void check_block(const Tensor& t) {
    invariant(bool(t.symbol), "a block has no name");
    check_element_type(t.type);
    for (const Dim& d : t.dims)
        invariant(as_int(d.min) == 0 && as_int(d.extent).has_value(), "a block's shape is constant");
}

} // namespace

Stmt DeclareStream::make(StreamDeclaration stream, Stmt body) {
    invariant(bool(stream.symbol), "a stream has no name");
    check_element_type(stream.type);
    for (const Expr& e : stream.dims)
        check_scalar_index(e, "the extent of an array of streams", stream.loc);
    invariant(stream.depth >= 0, "a stream's depth is negative");
    return Stmt(std::make_shared<const DeclareStream>(std::move(stream), std::move(body)));
}

Stmt Push::make(StreamElement to, Type type, Expr value, Loc loc) {
    check_element(to, loc);
    check_element_type(type);
    invariant(value.defined() && value.type().is_scalar(), "a token is one value");
    if (value.type().is_index()) fail(loc, "a subscript cannot be a token: cast it to Int(32) first");
    return Stmt(std::make_shared<const Push>(std::move(to), type, std::move(value), loc));
}

Stmt Pop::make(Symbol symbol, StreamElement from, Type type, Stmt body, Loc loc) {
    invariant(bool(symbol), "a pop has no symbol");
    check_element(from, loc);
    check_element_type(type);
    return Stmt(std::make_shared<const Pop>(std::move(symbol), std::move(from), type, std::move(body), loc));
}

Stmt Fill::make(StreamElement to, Tensor tensor, Stmt body, Loc loc) {
    check_element(to, loc);
    check_block(tensor);
    return Stmt(std::make_shared<const Fill>(std::move(to), std::move(tensor), std::move(body), loc));
}

Stmt Drain::make(StreamElement from, Tensor tensor, Stmt body, Loc loc) {
    check_element(from, loc);
    check_block(tensor);
    return Stmt(std::make_shared<const Drain>(std::move(from), std::move(tensor), std::move(body), loc));
}

Stmt CallStmt::make(std::string callee, std::vector<TensorView> tensors, std::vector<Expr> values,
                    std::vector<StreamElement> streams, Loc loc) {
    for (const TensorView& v : tensors) {
        invariant(bool(v.tensor), "a view has no tensor");
        for (const ViewDim& d : v.dims) {
            check_scalar_index(d.begin, "the beginning of a view", loc);
            check_scalar_index(d.extent, "the extent of a view", loc);
            invariant(d.stride > 0, "a view steps forwards");
        }
    }
    for (const Expr& e : values)
        invariant(e.defined() && e.type().is_scalar(), "a call's value is a scalar");
    for (const StreamElement& e : streams)
        check_element(e, loc);
    return Stmt(std::make_shared<const CallStmt>(std::move(callee), std::move(tensors), std::move(values),
                                                 std::move(streams), loc));
}

Stmt Dataflow::make(Stmt body, Loc loc, Stmt origin) {
    return Stmt(std::make_shared<const Dataflow>(std::move(body), std::move(origin), loc));
}

Stmt Spawn::make(std::vector<Symbol> ids, std::vector<Dim> box, Stmt call, Loc loc) {
    invariant(ids.size() == box.size(), "a spawn has one range for each id");
    for (const Dim& d : box) {
        check_scalar_index(d.min, "the first id of a spawn", loc);
        check_scalar_index(d.extent, "the number of ids of a spawn", loc);
    }
    invariant(call.as<CallStmt>() != nullptr, "a spawn calls a function");
    return Stmt(std::make_shared<const Spawn>(std::move(ids), std::move(box), std::move(call), loc));
}

const Function& Module::function(const std::string& name) const {
    const auto found = std::ranges::find(functions, name, &Function::name);
    if (found == functions.end()) fail({}, "the module has no function {}", name);
    return *found;
}

} // namespace lathe::ir
