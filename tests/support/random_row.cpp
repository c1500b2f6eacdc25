#include "random_row.h"

#include "programs.h"

#include "lathe/dsl/kernel.h"
#include "lathe/ir/analysis.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Numbers and places that both kinds of programs draw.
class Maker {
  public:
    explicit Maker(std::mt19937& r) : random(r), result{{}, Symbol("none"), LoopRef(p), {}, {}, {}, {}} {}

    RandomRow make() {
        pick(3) == 0 ? funcs() : kernels();
        return std::move(result);
    }

  private:
    std::mt19937& random;
    Var p{"p"}, k{"k"}, n{"n"}, t{"t"}, e{"e"}, j{"j"};
    RandomRow result;
    int rows = 2 + pick(3), columns = 1 + pick(5), steps = 1 + pick(3);
    Input own{"own", Int(16), {rows + 1, columns + 1}}, table{"table", Int(16), {steps, columns}},
        line{"line", Int(16), {columns + 1}}, at{"at", UInt(2), {columns + 1}};
    Const weights{"weights", std::vector<int16_t>{5, -3, 7, 100, 2, 9, -20, 1}};
    std::optional<Func> produced; ///< a Func that stands for `line`
    bool data = pick(4) == 0;     ///< what memory holds may decide
    bool uneven = pick(4) == 0;   ///< what an iteration reads may depend on which it is

    int pick(int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); }

    Expr row_of_line(const Expr& i) { return produced ? Expr((*produced)(i)) : Expr(line(i)); }

    /// An element that is read: of a table, mostly.
    Expr leaf(const Expr& row, const Expr& step, const Expr& column) {
        switch (pick(data ? 11 : 9)) {
        case 0:
            return table(step, columns - 1 - column);
        case 1:
            return table(steps - 1 - step, column);
        case 2:
            return row_of_line(column + 1);
        case 3:
            return row_of_line(column);
        case 4:
            return own(row, column);
        case 5:
            return uneven ? Expr(table(step, min(column + row, columns - 1))) : Expr(table(step, 0));
        case 6:
            return uneven ? Expr(line(min(row, columns))) : Expr(table(step, column));
        case 9:
            return weights(clamp(at(column), 0, 7));
        case 10:
            return line(min(at(column), columns));
        default:
            return table(step, column);
        }
    }

    Expr condition(const Expr& row, const Expr& step, const Expr& column) {
        switch (pick(data ? 6 : 4)) {
        case 0:
            return step <= column;
        case 1:
            return uneven ? row > 0 : column < columns - 1;
        case 2:
            return uneven ? row < rows - 1 : step > 0;
        case 4:
            return own(row, column) > 3;
        case 5:
            return line(column) > 0;
        default:
            return column > 0;
        }
    }

    Expr value(const Expr& row, const Expr& step, const Expr& column) {
        const auto any = [&] { return cast(Int(20), leaf(row, step, column)); };
        const Expr first = any();
        switch (pick(8)) {
        case 0:
            return first + any();
        case 1:
            return cast(Int(24), first * 3 + first);
        case 2:
            return select(condition(row, step, column), first, any());
        case 3:
            return select(condition(row, step, column), first, 7);
        case 4:
            return cast(Int(24), first * own(row, column));
        default:
            return first - 1;
        }
    }

    // ---- Funcs

    void funcs() {
        Func out("out", Int(32), {rows, columns}), f("f", Int(24), {columns + 1});
        RDom r(0, steps, "r");
        if (pick(3) == 0) {
            f(j) = line(j) * 2 + 1;
            produced = f;
            result.producer = f.symbol();
        }
        const Expr row = pick(4) ? Expr(p) : rows - 1 - p;
        if (pick(2)) {
            out(p, n) = cast(Int(32), pick(5));
            out(p, n) += value(row, r, n);
            result.two_definitions = true;
            result.inner = {LoopRef(r), LoopRef(n)};
        } else {
            out(p, n) = value(row, pick(steps), n);
            result.inner = {LoopRef(n)};
        }
        std::vector<Func> outputs{out};
        if (pick(3) == 0) { // it reads what the row wrote, or stands beside it
            Func after("after", Int(32), {rows, columns});
            const bool reads = pick(2) != 0;
            reads ? after(p, n) = out(rows - 1 - p, n) : after(p, n) = table(0, n) + p;
            if (reads && pick(2)) outputs.clear(); // an array of the program's own, in parts
            outputs.push_back(after);
        }
        result.algorithm = build(outputs);
        result.stage = out.symbol();
        result.tables = {table.symbol(), produced ? f.symbol() : line.symbol()};
        result.values = {table.symbol(), line.symbol()};
    }

    // ---- kernels

    /// Where iteration p writes its row.
    int shape = 0;
    int turns = 1; ///< of a loop around the row

    Shape out_shape() const {
        if (shape == 2) return {turns, columns, rows};
        if (shape == 3) return {turns, 2 * rows, columns};
        return {turns, rows + 1, columns};
    }
    std::vector<Expr> place(const Expr& turn, const Expr& row, const Expr& column, const Expr& which) {
        switch (shape) {
        case 1:
            return {turn, rows - 1 - row, column};
        case 2:
            return {turn, column, row};
        case 3:
            return {turn, 2 * row + which, column};
        case 4:
            return {turn, row + 1, column};
        case 5:
            return {turn, 0, column};
        case 6:
            return {turn, (row + 1) % rows, column};
        case 7:
            return {turn, row, min(at(column), columns - 1)};
        default:
            return {turn, row, column};
        }
    }

    void cells(KernelBody& b, const InOut& out, const Output& sums, const Expr& turn) {
        const auto put = [&](const Expr& step, const Expr& column) {
            const auto target = place(turn, p, column, pick(2));
            Expr v = value(p, step, column);
            if (pick(6) == 0) v = b.let(v);
            if (pick(7) == 0 && shape != 2) { // what the neighbour made
                std::vector<Expr> before = target;
                before[1] = shape == 4 ? before[1] - 1 : max(before[1] - 1, 0);
                v = v + out(before);
            }
            pick(3) ? out(target) += v : out(target) = v;
        };
        const auto guarded = [&](const Expr& step, const Expr& column) {
            if (pick(3))
                put(step, column);
            else
                b.if_(condition(p, step, column), [&] { put(step, column); });
        };
        const int form = pick(6);
        if (form == 0) { // a copy of its own
            const Array local = b.array("local", Int(16), {columns});
            b.for_(j, 0, columns, [&] { local(j) = table(0, j); });
            b.for_(n, 0, columns, [&] { out(place(turn, p, n, 0)) = local(columns - 1 - n) * 2; });
            result.inner = {LoopRef(n)};
        } else if (form == 1) { // a loop of which some iterations do nothing
            b.for_(n, 0, columns + 2, [&] { b.if_(Expr(n) < columns, [&] { guarded(0, n); }); });
            result.inner = {LoopRef(n)};
        } else if (form == 2 && data) { // as often as memory says
            b.for_(n, 0, clamp(line(0), 1, columns), [&] { put(0, n); });
            result.inner = {LoopRef(n)};
        } else if (pick(2)) {
            b.for_(k, 0, steps, [&] { b.for_(n, 0, columns, [&] { guarded(k, n); }); });
            result.inner = {LoopRef(k), LoopRef(n)};
        } else {
            b.for_(n, 0, columns, [&] {
                b.for_(k, 0, steps, [&] { guarded(k, n); });
                if (pick(3) == 0) put(0, n);
            });
            result.inner = {LoopRef(n), LoopRef(k)};
        }
        if (pick(3)) sums(turn, p) = pick(2) ? Expr(p) * 3 : leaf(p, 0, pick(columns));
    }

    void kernels() {
        shape = pick(2) ? 0 : pick(8);
        turns = pick(4) ? 1 : 2;
        InOut out("out", Int(32), out_shape());
        Output sums("sums", Int(24), {turns, rows});
        Output copy("copy", Int(16), {columns});
        Input given("given", Int(16), {columns + 1});
        const Kernel callee("callee", {given, copy}, [&](KernelBody& b) {
            b.for_(e, 0, columns, [&] { copy(e) = given(e) * 2 + given(e + 1); });
        });
        result.calls = pick(10) == 0;
        const Kernel top("top", {own, table, line, at, out, sums}, [&](KernelBody& b) {
            const auto iteration = [&](const Expr& turn) {
                const auto all = [&] {
                    if (result.calls) {
                        const Array held = b.array("held", Int(16), {columns});
                        b.call(callee, {line, held});
                        b.for_(n, 0, columns, [&] { out(place(turn, p, n, 0)) = held(n) + table(0, n); });
                        result.inner = {LoopRef(n)};
                    } else {
                        cells(b, out, sums, turn);
                    }
                };
                const int guard = pick(12);
                b.for_(p, 0, rows, [&] {
                    if (guard == 0)
                        b.if_(Expr(p) < rows - 1, all);
                    else if (guard == 1 && data)
                        b.if_(own(p, 0) > 0, all);
                    else
                        all();
                });
            };
            if (turns == 1)
                iteration(0);
            else
                b.for_(t, 0, turns, [&] { iteration(t); });
        });
        if (turns > 1) result.outer = {LoopRef(t)};
        result.algorithm = build(top);
        result.stage = StageRef(top).func;
        result.tables = {table.symbol(), line.symbol(), own.symbol(), at.symbol(), out.symbol()};
        result.values = {table.symbol(), own.symbol()};
    }
};

} // namespace

RandomRow random_row(std::mt19937& random) {
    return Maker(random).make();
}

namespace {

void one_call(Schedule& s, RandomRow& row, bool unfolded, std::mt19937& random) {
    StageHandle stage = s.stage(row.stage);
    const auto pick = [&](size_t count) { return random() % count; };
    std::vector<LoopRef> loops = row.inner;
    loops.insert(loops.end(), row.outer.begin(), row.outer.end());
    const LoopRef inner = row.inner[pick(row.inner.size())], any = loops[pick(loops.size())];
    const auto factor = static_cast<int64_t>(2 + pick(2));
    constexpr Tail tails[] = {Tail::guard, Tail::shift_inwards, Tail::peel, Tail::exact};
    switch (unfolded && pick(4) == 0 ? 12 + pick(3) : pick(unfolded ? 6 : 12)) {
    case 0:
        stage.split(inner, factor, tails[pick(4)]);
        break;
    case 1:
        stage.pipeline(inner);
        break;
    case 2:
        stage.unroll(inner, pick(2) ? factor : 0);
        break;
    case 3:
        pick(2) ? stage.vectorize(inner) : stage.parallel(any);
        break;
    case 4:
        stage.reorder({row.inner.back(), row.inner.front()});
        break;
    case 5:
        s.partition(TensorRef(row.tables[pick(row.tables.size())]), Partition::cyclic, 0, factor);
        break;
    case 6:
    case 7: {
        auto [io, ii] = stage.split(row.row, factor, tails[pick(4)]);
        (pick(2) ? row.inner : row.outer).emplace_back(io);
        row.row = LoopRef(io);
        if (row.inner.empty() || row.inner.back().symbol == io.symbol()) {
            row.inner.pop_back();
            row.inner.emplace_back(ii);
        } else {
            row.outer.pop_back();
            if (pick(2)) {
                row.outer.emplace_back(io);
                row.row = LoopRef(ii);
            } else {
                row.inner.emplace_back(ii);
            }
        }
        break;
    }
    case 8:
        stage.reorder({row.inner.front(), row.row});
        break;
    case 9:
        s.buffer_at(TensorRef(row.tables[pick(row.tables.size())]), StageRef(row.stage, {}),
                    pick(2) ? row.row : inner);
        break;
    case 10:
        s.reuse_at(TensorRef(row.tables[pick(row.tables.size())]), StageRef(row.stage, {}), inner);
        break;
    case 12:
        stage.unfold(inner);
        break;
    case 13:
        pick(2) || !row.producer ? s.dataflow(StageRef(row.stage, {}))
                                 : s.stream(StageRef(*row.producer, {}), StageRef(row.stage, {}));
        break;
    case 14:
        s.quantize(TensorRef(row.values[pick(row.values.size())]), Int(static_cast<int>(9 + pick(8))));
        break;
    default:
        if (row.producer) s.compute_at(StageRef(*row.producer, {}), StageRef(row.stage, {}), row.row);
    }
}

} // namespace

void random_row_schedule(Schedule& s, RandomRow& row, bool unfolded, std::mt19937& random) {
    if (!unfolded && row.two_definitions && random() % 4 != 0)
        s.stage(row.stage).fuse_init(random() % 2 ? row.inner.back() : row.row);
    for (size_t n = random() % 4; n-- > 0;) {
        try {
            one_call(s, row, unfolded, random);
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // illegal, or the loop is gone
        }
    }
}

namespace {

/// The loop that becomes the row: none where there are several, or none.
const For* row_loop(const Module& m, const Symbol& loop) {
    const For* found = nullptr;
    size_t count = 0;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            const auto* f = s.as<For>();
            if (!f || !(f->var == loop)) return;
            found = f;
            ++count;
        },
        nullptr);
    return count == 1 ? found : nullptr;
}

constexpr int64_t most = 1024; ///< reads of an iteration that are kept

Expr number(int64_t n) {
    return Constant::make(Value::from_raw(Int(32), mpz_class(static_cast<long>(n))));
}

Tensor counter(const std::string& name, std::vector<Dim> dims) {
    Tensor t{Symbol(name), Int(32), std::move(dims), MemorySpace::heap(), TypeOrigin::declared, nullptr, {}};
    return t;
}

bool same(const std::vector<Expr>& a, const std::vector<Expr>& b) {
    return std::ranges::equal(a, b,
                              [](const Expr& x, const Expr& y) { return as_int(simplify(isub(x, y))) == 0; });
}

/// Puts counting statements before those of one loop's body.
class Counting : public Mutator {
  public:
    explicit Counting(const For& f) : row(f), count(as_int(simplify(f.extent)).value_or(0)) {}
    std::vector<Tensor> tensors; ///< outputs of their own

  protected:
    using Mutator::visit;
    Stmt mutate(const Stmt& s) override {
        const bool here = s.get() == &row;
        if (!inside && !here) return Mutator::mutate(s);
        if (here) {
            inside = true;
            const Stmt r = Mutator::mutate(s);
            inside = false;
            return r;
        }
        std::vector<Stmt> before;
        count_in(s, before);
        const auto* f = s.as<For>();
        lanes += f && !f->runs().ordered;
        before.push_back(Mutator::mutate(s));
        lanes -= f && !f->runs().ordered;
        return Block::make(std::move(before));
    }
    virtual void count_in(const Stmt& s, std::vector<Stmt>& before) = 0;

    const For& row;
    const int64_t count;
    bool inside = false;
    int lanes = 0; ///< loops without an order around

    Expr iteration() const { return isub(Variable::make(row.var, IndexType(), {}), row.min); }
    /// What the statement itself reads and writes, without what it holds.
    static std::vector<Access> own(const Stmt& s) {
        std::vector<Access> all;
        for (const Expr& x : expressions(s))
            for (Access& a : accesses(LetStmt::make(Symbol("value"), x, {}, {})))
                all.push_back(std::move(a));
        const auto target = [&](const Symbol& t, const std::vector<Expr>& at, bool reads) {
            for (const bool write : {false, true}) {
                Access a;
                a.tensor = t;
                a.write = write;
                a.indices = at;
                if (write || reads) all.push_back(std::move(a));
            }
        };
        if (const auto* r = s.as<Reduce>()) target(r->target.tensor, r->target.indices, true);
        if (const auto* w = s.as<Store>())
            for (const StoreTarget& t : w->targets)
                target(t.tensor, t.indices, false);
        return all;
    }
    static Stmt under(const Expr& condition, const Stmt& s) {
        return condition.defined() ? If::make(condition, s) : s;
    }
};

/// What each iteration touches of each tensor.
class Touching : public Counting {
  public:
    Touching(const For& f, const std::map<Symbol, Tensor>& all) : Counting(f) {
        for (const auto& [symbol, tensor] : all) {
            std::vector<Dim> dims{{index(0), index(count)}};
            for (const Dim& d : tensor.dims) {
                dims.push_back({index(0), d.extent});
                mins[symbol].push_back(d.min);
            }
            places[symbol] = tensors.size();
            for (const char* what : {"read_", "written_"})
                tensors.push_back(counter(what + symbol.name(), dims));
        }
    }

  protected:
    void count_in(const Stmt& s, std::vector<Stmt>& before) override {
        for (const Access& a : own(s)) {
            const auto at = places.find(a.tensor);
            if (at == places.end()) continue;
            std::vector<Expr> where{iteration()};
            for (size_t d = 0; d < a.indices.size(); ++d)
                where.push_back(isub(a.indices[d], mins.at(a.tensor)[d]));
            before.push_back(under(
                a.condition, Store::make(tensors[at->second + a.write].symbol, Int(32), where, number(1))));
        }
    }

  private:
    std::map<Symbol, size_t> places;
    std::map<Symbol, std::vector<Expr>> mins;
};

/// In which order each iteration reads which elements of a tensor.
class Reading : public Counting {
  public:
    Reading(const For& f, const Tensor& t) : Counting(f), of(t) {
        tensors.push_back(counter("order", {{index(0), index(count)}, {index(0), index(most)}}));
        tensors.push_back(counter("clock", {{index(0), index(count)}}));
    }
    bool two_at_once = false, unordered = false;

  protected:
    void count_in(const Stmt& s, std::vector<Stmt>& before) override {
        std::vector<Expr> first;
        Expr when;
        for (const Access& a : own(s)) {
            if (!(a.tensor == of.symbol) || a.write) continue;
            unordered = unordered || lanes > 0;
            if (first.empty()) {
                first = a.indices;
                when = a.condition;
            } else if (!same(first, a.indices)) {
                two_at_once = true;
            } else {
                when = when.defined() && a.condition.defined()
                           ? Binary::make(BinaryOp::logical_or, when, a.condition)
                           : Expr();
            }
        }
        if (first.empty()) return;
        Expr element = index(0);
        for (size_t d = 0; d < of.dims.size(); ++d)
            element = iadd(imul(element, of.dims[d].extent), isub(first[d], of.dims[d].min));
        const Expr now = Load::make(tensors[1].symbol, Int(32), {iteration()});
        before.push_back(under(
            when,
            Block::make(
                {Store::make(tensors[0].symbol, Int(32), {iteration(), Cast::make(IndexType(), now)},
                             Cast::make(Int(32), element)),
                 Reduce::make(BinaryOp::add, {tensors[1].symbol, Int(32), {iteration()}, number(1)})})));
    }

  private:
    const Tensor of;
};

/// The counters after a run: by tensor, element after element.
std::vector<std::vector<int32_t>> run_counting(Module m, Counting& counting, unsigned seed) {
    m.top().body = counting(m.top().body);
    for (const Tensor& t : counting.tensors)
        m.top().arguments.push_back({t, Direction::inout});
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, seed);
    std::vector<AnyBuffer*> pointers;
    const size_t own = buffers.size() - counting.tensors.size();
    for (size_t n = 0; n < buffers.size(); ++n) {
        if (n >= own) buffers[n].fill(Value::from_raw(Int(32), 0));
        pointers.push_back(&buffers[n]);
    }
    interpret(m, pointers);
    std::vector<std::vector<int32_t>> counts;
    for (size_t n = own; n < buffers.size(); ++n) {
        const auto* data = reinterpret_cast<const int32_t*>(buffers[n].data());
        counts.emplace_back(data, data + buffers[n].size());
    }
    return counts;
}

/// The tensors around the loop, as they are declared.
std::map<Symbol, Tensor> tensors_around(const Module& m, const For& row) {
    std::map<Symbol, Tensor> all;
    for (const Argument& a : m.top().arguments)
        all[a.tensor.symbol] = a.tensor;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    all[t.symbol] = t;
        },
        nullptr);
    for_each(
        row.body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    all.erase(t.symbol);
        },
        nullptr);
    std::erase_if(all, [](const auto& t) { // of another size in each iteration of a loop around
        return std::ranges::any_of(t.second.dims, [](const Dim& d) { return !as_int(simplify(d.extent)); });
    });
    for (auto& [symbol, t] : all)
        t.layout = {};
    return all;
}

/// Whether each iteration has a box of its own in some dimension, which moves on by as much each time.
bool has_parts(const Tensor& t, int64_t iterations, const std::vector<int32_t>& touched) {
    const auto size = static_cast<int64_t>(touched.size()) / std::max<int64_t>(iterations, 1);
    std::vector<int64_t> extents;
    for (const Dim& d : t.dims)
        extents.push_back(as_int(simplify(d.extent)).value());
    int64_t stride = size;
    for (const int64_t extent : extents) {
        stride /= std::max<int64_t>(extent, 1);
        std::vector<std::pair<int64_t, int64_t>> boxes;
        for (int64_t p = 0; p < iterations; ++p) {
            std::pair<int64_t, int64_t> box{extent, -1};
            for (int64_t n = 0; n < size; ++n)
                if (touched[static_cast<size_t>(p * size + n)]) {
                    const int64_t at = n / stride % extent;
                    box = {std::min(box.first, at), std::max(box.second, at)};
                }
            boxes.push_back(box);
        }
        bool parts = iterations > 0;
        for (size_t p = 0; p < boxes.size(); ++p) {
            parts = parts && boxes[p].second >= 0;
            if (p == 0) continue;
            const auto moved = boxes[p].first - boxes[p - 1].first, first = boxes[1].first - boxes[0].first;
            parts = parts && moved == first && boxes[p].second - boxes[p - 1].second == first &&
                    (boxes[p].first > boxes[p - 1].second || boxes[p].second < boxes[p - 1].first);
        }
        if (parts) return true;
    }
    return false;
}

} // namespace

std::string why_no_row(const Module& m, const RandomRow& row) {
    const For* loop = row_loop(m, row.row.symbol);
    if (!loop) return "no loop";
    if (row.calls) return "given away";
    const auto extent = as_int(simplify(loop->extent));
    if (!extent) return "no number";
    if (*extent <= 1) return "one process";
    const std::map<Symbol, Tensor> around = tensors_around(m, *loop);
    for (const unsigned seed : {1U, 2U, 3U}) {
        Touching touching(*loop, around);
        const auto counts = run_counting(m, touching, seed);
        size_t n = 0;
        for (const auto& [symbol, tensor] : around) {
            const auto &read = counts[n], &written = counts[n + 1];
            n += 2;
            const size_t size = written.size() / static_cast<size_t>(std::max<int64_t>(*extent, 1));
            std::vector<int32_t> touched(written.size());
            bool any = false;
            for (size_t i = 0; i < written.size(); ++i) {
                touched[i] = read[i] + written[i];
                any = any || written[i] != 0;
                for (size_t q = i % size; q < written.size(); q += size)
                    if (q != i && written[i] && (written[q] || read[q]))
                        return "dependence on " + symbol.name();
            }
            if (any && !has_parts(tensor, *extent, touched)) return "no part of " + symbol.name();
        }
    }
    return "";
}

std::string why_no_relay(const Module& m, const RandomRow& row, const Symbol& tensor) {
    const For* loop = row_loop(m, row.row.symbol);
    if (!loop) return "no loop";
    if (row.calls) return "given away";
    if (as_int(simplify(loop->extent)).value_or(0) <= 1) return "one process";
    const auto around = tensors_around(m, *loop);
    const auto of = around.find(tensor);
    if (of == around.end()) return "no tensor";
    if (tensors_written(loop->body).contains(tensor)) return "written";
    std::optional<std::vector<std::vector<int32_t>>> first;
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        Reading reading(*loop, of->second);
        const auto counts = run_counting(m, reading, seed);
        if (reading.two_at_once) return "two at once";
        if (reading.unordered) return "lanes";
        const auto &order = counts[0], &clock = counts[1];
        for (size_t p = 1; p < clock.size(); ++p) {
            if (clock[p] != clock[0]) return "counts";
            if (!std::equal(order.begin(), order.begin() + most, order.begin() + static_cast<long>(p) * most))
                return "order";
        }
        if (!clock.empty() && clock[0] == 0) return "never read";
        if (first && *first != counts) return "data";
        first = counts;
    }
    return "";
}
