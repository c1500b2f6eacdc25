#include "storage.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/parse.h"

#include <algorithm>

namespace lathe::schedule {

bool is_argument(const Function& f, const Symbol& tensor) {
    return std::ranges::any_of(f.arguments, [&](const Argument& a) { return a.tensor.symbol == tensor; });
}

namespace {

bool is_block(const Stmt& s, const Symbol& tensor) {
    const auto* fill = s.as<Fill>();
    const auto* drain = s.as<Drain>();
    return (fill && fill->tensor.symbol == tensor) || (drain && drain->tensor.symbol == tensor);
}

void check_own(const Edit& e, const Symbol& tensor) {
    const Function& f = e.function();
    if (is_argument(f, tensor) && &f == &e.state().module.top())
        e.refuse("{} is an argument of {}: it lies where the caller has it (m_axi), in one bank and in that "
                 "order. Copy it to a tensor of its own, and name that",
                 tensor.name(), f.name);
    if (is_argument(f, tensor))
        e.refuse("{} is an argument of {}, where it is stored as what a call gives it: name that",
                 tensor.name(), f.name);
    for_each_stmt(e.body(), [&](const Stmt& s) {
        if (is_block(s, tensor))
            e.refuse("{} is a block of a stream, which has no layout of its own. Copy it to an array",
                     tensor.name());
    });
}

} // namespace

bool declares(const Function& f, const Symbol& tensor) {
    if (is_argument(f, tensor) ||
        std::ranges::find(f.constants, tensor, &Tensor::symbol) != f.constants.end())
        return true;
    return !find_path(f.body, [&](const Stmt& s) {
                const auto* a = s.as<Allocate>();
                return (a && a->find(tensor)) || is_block(s, tensor);
            }).empty();
}

void restore_tensors(Edit& e, const std::function<void(Tensor&)>& change) {
    const Symbol& named = e.step().func;
    e.refuse_streamed(named);
    check_own(e, named);
    std::vector<Symbol> all = e.images(named);
    for (const TypeStep& t : e.state().types)
        if (t.accumulator && t.tensor == named)
            for (const Symbol& s : e.images(t.accumulator))
                all.push_back(s);
    bool found = false;
    const auto one = [&](Tensor& t) {
        if (std::ranges::find(all, t.symbol) == all.end()) return false;
        change(t);
        return found = true;
    };
    for (Tensor& t : e.top().constants)
        one(t);
    Stmt body =
        transform(e.body(), [&](const Stmt& s) { return s.as<Allocate>() ? with_tensors(s, one) : s; });
    if (!found) e.refuse("{} was inlined: it has no memory", named.name());
    e.set_body(std::move(body));
}

void change_layout(Edit& e, const std::function<void(const Tensor&, Layout&)>& change) {
    const Stmt body = e.body();
    restore_tensors(e, [&](Tensor& t) {
        Layout l = t.layout;
        if (l.dims.empty()) l.dims.resize(counted_extents(t).size());
        change(t, l);
        if (std::ranges::all_of(l.dims, [](const DimLayout& d) { return d == DimLayout(); })) l.dims.clear();
        t.layout = std::move(l);
        e.or_refuse([&] {
            check_layout(t);
            check_layout_uses(body, t.symbol, t.layout);
        });
    });
}

std::vector<Expr> counted_extents(const Tensor& t) {
    std::vector<Expr> all;
    for (const int64_t n : t.layout.shape)
        all.push_back(index(n));
    for (size_t d = 0; t.layout.shape.empty() && d < t.dims.size(); ++d)
        all.push_back(t.dims[d].extent);
    return all;
}

size_t innermost_dimension(const Tensor& t) {
    return t.layout.order.empty() ? counted_extents(t).size() - 1
                                  : static_cast<size_t>(t.layout.order.back());
}

std::vector<size_t> step_dimensions(const Edit& e, const Tensor& t) {
    const auto rank = static_cast<int64_t>(counted_extents(t).size());
    const int64_t wanted = e.step().numbers[0];
    if (rank == 0) e.refuse("{} is one element: it has no dimensions", t.symbol.name());
    if (wanted != all_dimensions && (wanted < 0 || wanted >= rank))
        e.refuse("{} has the dimensions 0 to {}, and no dimension {}", t.symbol.name(), rank - 1, wanted);
    std::vector<size_t> dimensions;
    for (int64_t d = 0; d < rank; ++d)
        if (wanted == all_dimensions || wanted == d) dimensions.push_back(static_cast<size_t>(d));
    return dimensions;
}

int64_t words_of(const Edit& e, const Tensor& t) {
    const std::string& word = e.step().words[0];
    const std::vector<int64_t>& numbers = e.step().numbers;
    if (word.empty() ? numbers.size() != 2 : !numbers.empty())
        e.refuse("words are of a number of neighbours in a dimension, or of a type");
    if (word.empty()) {
        if (numbers[1] < 1) e.refuse("a word holds at least 1 element, and not {}", numbers[1]);
        return numbers[1];
    }
    const Type w = parse_type(word, e.step().loc);
    if (w.width() % t.type.width() != 0)
        e.refuse("a word of {} bits does not hold a whole number of elements of {}, which are {} bits wide",
                 w.width(), t.symbol.name(), t.type.width());
    return w.width() / t.type.width();
}

size_t word_dimension(const Edit& e, const Tensor& t) {
    if (counted_extents(t).empty()) e.refuse("{} is one element: it has no words", t.symbol.name());
    const size_t innermost = innermost_dimension(t);
    if (e.step().numbers.empty()) return innermost;
    for (const size_t d : step_dimensions(e, t))
        if (d != innermost)
            e.refuse(
                "neighbours in dimension {} of {} are none in memory, as those in dimension {} are: give "
                "it another order first, with reorder_storage",
                d, t.symbol.name(), innermost);
    return innermost;
}

} // namespace lathe::schedule
