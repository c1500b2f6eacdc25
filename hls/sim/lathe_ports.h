// Arrays that count their accesses: how many of a bank's in one iteration of a pipelined loop. Used by the
// marks LATHE_ARRAY, LATHE_ARRAY_ARGUMENT, LATHE_PARTITION and LATHE_ITERATION where LATHE_SIM_PORTS is
// defined. C++14.
#ifndef LATHE_PORTS_H
#define LATHE_PORTS_H

#include "lathe_sim.h"

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace lathe_sim {

/// Each process counts its own iterations; an access before the first is not counted.
inline void begin_iteration() {
    Scheduler& s = scheduler();
    (s.current ? s.current->iteration : s.test_bench_iteration) = ++s.iterations;
}
inline uint64_t this_iteration() {
    const Scheduler& s = scheduler();
    return s.current ? s.current->iteration : s.test_bench_iteration;
}

/// One dimension's split, as #pragma HLS array_partition says it: dimensions from 1, outermost first; 0: all.
struct Partition {
    enum Kind { complete_split, cyclic_split, block_split } kind;
    int dimension;
    size_t factor;
};
inline Partition complete(int dimension = 0) {
    return {Partition::complete_split, dimension, 0};
}
inline Partition cyclic(int dimension, size_t factor) {
    return {Partition::cyclic_split, dimension, factor};
}
inline Partition block(int dimension, size_t factor) {
    return {Partition::block_split, dimension, factor};
}

/// The accesses of an array, whose elements are named by all their subscripts. In one iteration, an element
/// counts once as read and once as written: more often would be a wire or a register.
class Ports {
  public:
    Ports(std::string name, std::vector<size_t> extents)
        : name(std::move(name)), extents(std::move(extents)) {
        splits.assign(this->extents.size(), {Partition::block_split, 0, 1});
        banks.resize(1);
    }
    Ports(const Ports&) = delete;
    Ports& operator=(const Ports&) = delete;
    ~Ports() { scheduler().reports.add(report()); }

    /// \throws Misuse.
    void partition(Partition p) {
        if (p.dimension < 0 || static_cast<size_t>(p.dimension) > extents.size() ||
            (p.kind != Partition::complete_split && p.factor == 0))
            throw Misuse("LATHE_PARTITION: " + name + " has no dimension " + std::to_string(p.dimension) +
                         ", or the factor is 0");
        for (size_t d = 0; d < extents.size(); ++d)
            if (p.dimension == 0 || static_cast<size_t>(p.dimension) == d + 1) splits[d] = p;
        size_t count = 1;
        for (size_t d = 0; d < extents.size(); ++d)
            count *= parts(d);
        banks.assign(count, Bank());
    }

    void access(const std::vector<size_t>& subscripts, bool writes) {
        size_t bank = 0, element = 0;
        for (size_t d = 0; d < extents.size(); ++d) {
            if (subscripts[d] >= extents[d])
                throw Misuse("subscript " + std::to_string(subscripts[d]) + " of dimension " +
                             std::to_string(d + 1) + " of " + name + ", which has " +
                             std::to_string(extents[d]));
            bank = bank * parts(d) + part(d, subscripts[d]);
            element = element * extents[d] + subscripts[d];
        }
        if (const uint64_t now = this_iteration()) banks[bank].access(element, writes, now);
    }

    ArrayReport report() const {
        ArrayReport r{name, banks.size(), 0, 0, 0};
        for (const Bank& b : banks) {
            r.reads = std::max(r.reads, b.most_reads);
            r.writes = std::max(r.writes, b.most_writes);
            r.both = std::max(r.both, b.most);
        }
        return r;
    }

  private:
    struct Bank {
        uint64_t iteration = 0;
        std::vector<size_t> read, written; ///< elements in this iteration
        unsigned most_reads = 0, most_writes = 0, most = 0;

        void access(size_t element, bool writes, uint64_t now) {
            if (iteration != now) {
                iteration = now;
                read.clear();
                written.clear();
            }
            std::vector<size_t>& elements = writes ? written : read;
            if (std::find(elements.begin(), elements.end(), element) == elements.end())
                elements.push_back(element);
            most_reads = std::max(most_reads, static_cast<unsigned>(read.size()));
            most_writes = std::max(most_writes, static_cast<unsigned>(written.size()));
            most = std::max(most, static_cast<unsigned>(read.size() + written.size()));
        }
    };

    size_t parts(size_t d) const {
        return splits[d].kind == Partition::complete_split ? extents[d]
                                                           : std::min(extents[d], splits[d].factor);
    }
    size_t part(size_t d, size_t subscript) const {
        if (splits[d].kind == Partition::complete_split) return subscript;
        if (splits[d].kind == Partition::cyclic_split) return subscript % parts(d);
        return subscript / ((extents[d] + parts(d) - 1) / parts(d));
    }

    const std::string name;
    const std::vector<size_t> extents;
    std::vector<Partition> splits;
    std::vector<Bank> banks;
};

/// An element: reading and writing it is counted. A template that asks for its type wants T(a[i]).
template <class T> class CountedElement {
  public:
    CountedElement(T& value, Ports& ports, std::vector<size_t> at)
        : value(value), ports(ports), at(std::move(at)) {}
    CountedElement(const CountedElement&) = default;

    operator T() const {
        ports.access(at, false);
        return value;
    }
    template <class U> const CountedElement& operator=(const U& other) const {
        const T written = static_cast<T>(other); // may read, before this writes
        ports.access(at, true);
        value = written;
        return *this;
    }
    const CountedElement& operator=(const CountedElement& other) const {
        return *this = static_cast<T>(other);
    }
#define LATHE_COUNTED_OPERATOR(op)                                                                           \
    template <class U> const CountedElement& operator op##=(const U & other) const {                         \
        return *this = static_cast<T>(static_cast<T>(*this) op other);                                       \
    }
    LATHE_COUNTED_OPERATOR(+)
    LATHE_COUNTED_OPERATOR(-)
    LATHE_COUNTED_OPERATOR(*)
    LATHE_COUNTED_OPERATOR(/)
    LATHE_COUNTED_OPERATOR(%)
    LATHE_COUNTED_OPERATOR(&)
    LATHE_COUNTED_OPERATOR(|)
    LATHE_COUNTED_OPERATOR(^)
    LATHE_COUNTED_OPERATOR(<<)
    LATHE_COUNTED_OPERATOR(>>)
#undef LATHE_COUNTED_OPERATOR
    const CountedElement& operator++() const { return *this += 1; }
    const CountedElement& operator--() const { return *this -= 1; }

  private:
    T& value;
    Ports& ports;
    std::vector<size_t> at;
};

// Operators of AMD's types are templates, which no conversion reaches.
template <class T> struct IsCounted : std::false_type {};
template <class T> struct IsCounted<CountedElement<T>> : std::true_type {};

#define LATHE_COUNTED_OPERATOR(op)                                                                           \
    template <class A, class B>                                                                              \
    auto operator op(const CountedElement<A>& a, const CountedElement<B>& b)                                 \
        ->decltype(std::declval<A>() op std::declval<B>()) {                                                 \
        return static_cast<A>(a) op static_cast<B>(b);                                                       \
    }                                                                                                        \
    template <class A, class B, class = typename std::enable_if<!IsCounted<B>::value>::type>                 \
    auto operator op(const CountedElement<A>& a, const B& b)->decltype(std::declval<A>() op b) {             \
        return static_cast<A>(a) op b;                                                                       \
    }                                                                                                        \
    template <class A, class B, class = typename std::enable_if<!IsCounted<A>::value>::type>                 \
    auto operator op(const A& a, const CountedElement<B>& b)->decltype(a op std::declval<B>()) {             \
        return a op static_cast<B>(b);                                                                       \
    }
LATHE_COUNTED_OPERATOR(+)
LATHE_COUNTED_OPERATOR(-)
LATHE_COUNTED_OPERATOR(*)
LATHE_COUNTED_OPERATOR(/)
LATHE_COUNTED_OPERATOR(%)
LATHE_COUNTED_OPERATOR(&)
LATHE_COUNTED_OPERATOR(|)
LATHE_COUNTED_OPERATOR(^)
LATHE_COUNTED_OPERATOR(<<)
LATHE_COUNTED_OPERATOR(>>)
LATHE_COUNTED_OPERATOR(==)
LATHE_COUNTED_OPERATOR(!=)
LATHE_COUNTED_OPERATOR(<)
LATHE_COUNTED_OPERATOR(<=)
LATHE_COUNTED_OPERATOR(>)
LATHE_COUNTED_OPERATOR(>=)
#undef LATHE_COUNTED_OPERATOR

/// What a subscript of an array of type A gives.
template <class A> struct CountedPart {
    typedef CountedElement<A> type;
    static type make(A& part, Ports& ports, std::vector<size_t> at) { return {part, ports, std::move(at)}; }
};
template <class A> class CountedRow;
template <class A, size_t N> struct CountedPart<A[N]> {
    typedef CountedRow<A[N]> type;
    static type make(A (&part)[N], Ports& ports, std::vector<size_t> at) {
        return {part, ports, std::move(at)};
    }
};

template <class A, size_t N> class CountedRow<A[N]> {
  public:
    CountedRow(A (&row)[N], Ports& ports, std::vector<size_t> at)
        : row(row), ports(ports), at(std::move(at)) {}
    typename CountedPart<A>::type operator[](size_t i) const {
        std::vector<size_t> deeper = at;
        deeper.push_back(i);
        return CountedPart<A>::make(row[i < N ? i : 0], ports,
                                    std::move(deeper)); // an access of i >= N throws
    }

  private:
    A (&row)[N];
    Ports& ports;
    std::vector<size_t> at;
};

template <class A> std::vector<size_t> extents_of(std::false_type) {
    return {};
}
template <class A> std::vector<size_t> extents_of(std::true_type) {
    typedef typename std::remove_extent<A>::type Inner;
    std::vector<size_t> all = extents_of<Inner>(std::is_array<Inner>());
    all.insert(all.begin(), std::extent<A>::value);
    return all;
}

/// An array of type A, as float[4][8].
template <class A> class CountedArray {
  public:
    explicit CountedArray(const char* name)
        : values(new Values), ports(name, extents_of<A>(std::is_array<A>())) {}
    auto operator[](size_t i) { return CountedRow<A>(values->array, ports, {})[i]; }
    void partition(Partition p) { ports.partition(p); }
    ArrayReport report() const { return ports.report(); }

  private:
    struct Values {
        A array;
    };
    std::unique_ptr<Values> values;
    Ports ports;
};

} // namespace lathe_sim

#undef LATHE_ARRAY
#undef LATHE_ARRAY_ARGUMENT
#undef LATHE_PARTITION
#undef LATHE_ITERATION
#define LATHE_ARRAY(type, name, dims) ::lathe_sim::CountedArray<type dims> name(#name);
#define LATHE_ARRAY_ARGUMENT(type, name, dims) ::lathe_sim::CountedArray<type dims>& name
#define LATHE_PARTITION(name, how) name.partition(::lathe_sim::how);
#define LATHE_ITERATION ::lathe_sim::begin_iteration();

#endif
