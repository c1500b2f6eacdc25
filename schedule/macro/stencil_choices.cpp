#include "stencil_choices.h"

namespace lathe::schedule::stencil {

struct Choices::Load {
    const Symbol& tensor;
    const std::vector<std::vector<Run>>& runs;
    const Element& element;
    Loc loc;

    /// Runs first … end − 1 of a dimension, and all of those behind it, as a key. Where the last run ends
    /// does not count.
    void add(Key& key, size_t d, size_t first, size_t end) const {
        for (; d < runs.size(); ++d, first = 0, end = d < runs.size() ? runs[d].size() : 0) {
            key.push_back(static_cast<int64_t>(end - first));
            for (size_t n = first; n < end; ++n) {
                key.push_back(runs[d][n].by);
                if (n + 1 < end) key.push_back(runs[d][n].end);
            }
        }
    }
};

const std::vector<Run>& Choices::runs(const Expr& subscript, size_t d) {
    auto& same = known_runs[{d, structural_hash(subscript)}];
    for (const auto& [e, found] : same)
        if (equal(e, subscript)) return found;
    same.emplace_back(subscript, runs_of(subscript, point[d], box.first[d], box.end(d)));
    return same.back().second;
}

Expr Choices::choose(const Symbol& tensor, const std::vector<std::vector<Run>>& runs, const Element& element,
                     Loc loc) {
    return from({tensor, runs, element, loc}, 0, {});
}

/// With the distances in the dimensions before d. In each one the longest run is the inner part; a run nearer
/// to an edge than another one chooses of what that one has chosen, which windows that reach less far share.
Expr Choices::from(const Load& l, size_t d, const Key& at) {
    if (d == l.runs.size()) {
        Expr& e = known[{l.tensor, at}];
        if (!e.defined()) e = l.element(at);
        return e;
    }
    const size_t inner = longest(l.runs[d], d);
    if (inner + 1 == l.runs[d].size()) return before(l, d, at, inner);
    if (inner == 0) return behind(l, d, at, 0);
    return select(l, d, inner - 1, before(l, d, at, inner - 1), behind(l, d, at, inner));
}

/// Of the runs up to `last`.
Expr Choices::before(const Load& l, size_t d, const Key& at, size_t last) {
    if (last == 0) return at_run(l, d, at, 0);
    Key key = at;
    key.push_back(-1); // no length of a list
    l.add(key, d, 0, last + 1);
    if (const auto found = known.find({l.tensor, key}); found != known.end()) return found->second;
    const Expr e = select(l, d, last - 1, before(l, d, at, last - 1), at_run(l, d, at, last));
    return known[{l.tensor, key}] = e;
}

/// Of the runs from `first` on.
Expr Choices::behind(const Load& l, size_t d, const Key& at, size_t first) {
    const size_t end = l.runs[d].size();
    if (first + 1 == end) return at_run(l, d, at, first);
    Key key = at;
    key.push_back(-2);
    l.add(key, d, first, end);
    if (const auto found = known.find({l.tensor, key}); found != known.end()) return found->second;
    const Expr e = select(l, d, first, at_run(l, d, at, first), behind(l, d, at, first + 1));
    return known[{l.tensor, key}] = e;
}

Expr Choices::at_run(const Load& l, size_t d, const Key& at, size_t run) {
    Key next = at;
    next.push_back(l.runs[d][run].by);
    return from(l, d + 1, next);
}

Expr Choices::select(const Load& l, size_t d, size_t run, const Expr& here, const Expr& behind) {
    if (here.same_as(behind)) return here;
    const int64_t end = l.runs[d][run].end;
    Expr& decision = decisions[{d, end}];
    if (!decision.defined()) decision = less(var(point[d]), index(end));
    return Select::make(decision, here, behind, l.loc);
}

size_t Choices::longest(const std::vector<Run>& runs, size_t d) const {
    const auto length = [&](size_t n) { return runs[n].end - (n == 0 ? box.first[d] : runs[n - 1].end); };
    size_t best = 0;
    for (size_t n = 1; n < runs.size(); ++n)
        if (length(n) > length(best)) best = n;
    return best;
}

} // namespace lathe::schedule::stencil
