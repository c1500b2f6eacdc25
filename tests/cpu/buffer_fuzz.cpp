// Random buffers for generated functions, between pages that nobody may touch: an error and nothing written,
// or all elements right and nothing else written.

#include "c_function.h"
#include "deep.h"
#include "programs.h"

#include <cstring>
#include <random>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

using namespace lathe;

namespace {

/// Pages between two that trap.
class Guarded {
  public:
    static constexpr size_t size = 16384;
    Guarded() : page(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
        void* all =
            mmap(nullptr, size + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(all != MAP_FAILED);
        start = static_cast<uint8_t*>(all);
        REQUIRE(mprotect(start, page, PROT_NONE) == 0);
        REQUIRE(mprotect(start + page + size, page, PROT_NONE) == 0);
    }
    ~Guarded() { munmap(start, size + 2 * page); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    uint8_t* data() const { return start + page; }
    std::vector<uint8_t> copy() const { return {data(), data() + size}; }

  private:
    size_t page;
    uint8_t* start = nullptr;
};

/// What a function takes: extents, innermost first, from its sizes.
struct Parameter {
    halide_type_t type;
    bool output;
    std::function<std::vector<int>(const std::vector<int>& sizes)> extents;
};

struct Described {
    std::vector<halide_dimension_t> dims;
    halide_buffer_t buffer{};
    Guarded* memory = nullptr;
    std::vector<int> extents; ///< as the function needs them

    size_t bytes() const { return static_cast<size_t>(buffer.type.bits + 7) / 8; }
    int64_t offset(const std::vector<int>& at) const {
        int64_t o = 0;
        for (size_t d = 0; d < at.size(); ++d)
            o += static_cast<int64_t>(at[d]) * dims[d].stride;
        return o;
    }
    /// Where an element lies in its memory.
    size_t place(const std::vector<int>& at) const {
        return static_cast<size_t>(buffer.host - memory->data() + offset(at) * static_cast<int64_t>(bytes()));
    }
    std::vector<std::vector<int>> positions() const {
        std::vector<std::vector<int>> all{{}};
        for (const int e : extents) {
            std::vector<std::vector<int>> next;
            for (const auto& p : all)
                for (int i = 0; i < e; ++i) {
                    next.push_back(p);
                    next.back().push_back(i);
                }
            all = std::move(next);
        }
        return all;
    }
};

struct Case {
    std::vector<int> sizes;
    std::vector<std::unique_ptr<Described>> buffers;
    bool plain = true; ///< nothing is wrong or unusual
    bool asks = false; ///< a buffer without memory
};

class CaseMaker {
  public:
    CaseMaker(std::mt19937& r, std::vector<Guarded>& m) : random(r), memories(m) {}

    Case make(const std::vector<Parameter>& parameters, size_t sizes) {
        for (size_t n = 0; n < sizes; ++n)
            c.sizes.push_back(static_cast<int>(random() % 6));
        const size_t faulty = random() % 2 ? random() % parameters.size() : parameters.size();
        for (size_t n = 0; n < parameters.size(); ++n) {
            c.buffers.push_back(std::make_unique<Described>());
            describe(parameters[n], *c.buffers[n], n == faulty);
            place(*c.buffers[n], n);
            if (n == faulty) spoil(*c.buffers[n]);
        }
        return std::move(c);
    }

  private:
    bool chance(unsigned of_ten) { return random() % 10 < of_ten; }
    int within(int low, int high) {
        return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
    }

    void describe(const Parameter& p, Described& d, bool unusual) {
        d.extents = p.extents(c.sizes);
        int dense = 1;
        for (const int e : d.extents) {
            int stride = dense;
            if (chance(2)) stride += dense == 1 ? 0 : within(1, 7);
            if (unusual && chance(3)) {
                stride = within(-9, 9);
                c.plain = false;
            }
            d.dims.push_back({0, e, stride, 0});
            dense = std::max(1, stride * std::max(e, 1));
        }
        d.buffer.type = p.type;
        d.buffer.dimensions = static_cast<int>(d.dims.size());
        d.buffer.dim = d.dims.data();
    }

    /// At one of the two guards, or somewhere in another's memory.
    void place(Described& d, size_t n) {
        const bool alias = n > 0 && chance(2);
        d.memory = &memories[alias ? random() % n : n];
        c.plain = c.plain && !alias;
        int64_t low = 0, high = 0;
        bool empty = false;
        for (size_t k = 0; k < d.dims.size(); ++k) {
            const int64_t reach = static_cast<int64_t>(d.dims[k].extent - 1) * d.dims[k].stride;
            (reach < 0 ? low : high) += reach;
            empty = empty || d.dims[k].extent == 0;
        }
        if (empty) low = high = 0;
        const auto bytes = static_cast<int64_t>(d.bytes()), all = static_cast<int64_t>(Guarded::size);
        const int64_t first = -low * bytes, last = all - (high + 1) * bytes;
        REQUIRE(first <= last);
        int64_t at = random() % 2 ? first : last;
        if (alias) at = std::min(first + static_cast<int64_t>(random() % 200) * bytes, last);
        d.buffer.host = d.memory->data() + at;
    }

    /// One thing that is wrong, so that the function has to refuse it without a look at the memory.
    void spoil(Described& d) {
        const size_t k = random() % std::max<size_t>(d.dims.size(), 1);
        const int32_t wild = std::array<int32_t, 6>{-1, INT32_MIN, INT32_MAX, 7, 1 << 20, 8}[random() % 6];
        c.plain = false;
        const bool scalar = d.dims.empty();
        switch (random() % 9) {
        case 0:
            d.buffer.type.bits = static_cast<uint8_t>(random());
            break;
        case 1:
            d.buffer.type.code = static_cast<halide_type_code_t>(random() % 5);
            break;
        case 2:
            d.buffer.dimensions = within(-1, 4);
            break;
        case 3:
            d.buffer.dim = nullptr;
            break;
        case 4:
            if (!scalar) d.dims[k].extent = wild;
            break;
        case 5:
            if (!scalar) d.dims[k].min = wild;
            break;
        case 6:
            d.buffer.host = nullptr;
            c.asks = true;
            if (chance(3)) d.buffer.device = 1;
            break;
        case 7:
            d.buffer.flags = random() % 4;
            break;
        default:
            break;
        }
    }

    std::mt19937& random;
    std::vector<Guarded>& memories;
    Case c;
};

template <class T> T read(const std::vector<uint8_t>& memory, size_t place) {
    T x;
    std::memcpy(&x, &memory[place], sizeof x);
    return x;
}

using Before = std::map<const Guarded*, std::vector<uint8_t>>;
/// The element at `at` of the buffer, as it was.
template <class T> T element(const Before& before, const Described& d, const std::vector<int>& at) {
    return read<T>(before.at(d.memory), d.place(at));
}

bool overlaps_itself(const Described& d) {
    std::set<int64_t> seen;
    for (const auto& at : d.positions())
        if (!seen.insert(d.offset(at)).second) return true;
    return false;
}

struct Fuzzed {
    std::vector<Parameter> parameters;
    size_t sizes;
    std::function<int(const std::vector<halide_buffer_t*>&)> call;
    /// The bytes of an output's element.
    std::function<std::vector<uint8_t>(const Case&, const Before&, size_t buffer, const std::vector<int>& at)>
        expected;
};

template <class T> std::vector<uint8_t> as_bytes(T x) {
    std::vector<uint8_t> b(sizeof x);
    std::memcpy(b.data(), &x, sizeof x);
    return b;
}

void fuzz(const Fuzzed& f, unsigned first_seed, int cases) {
    std::vector<Guarded> memories(f.parameters.size());
    std::mt19937 bytes(first_seed);
    for (Guarded& m : memories)
        std::generate_n(m.data(), Guarded::size, [&] { return static_cast<uint8_t>(bytes() % 7); });
    int right = 0, refused = 0;
    for (int seed = 0; seed < cases; ++seed) {
        std::mt19937 random(first_seed + static_cast<unsigned>(seed));
        const Case c = CaseMaker(random, memories).make(f.parameters, f.sizes);
        CAPTURE(seed);
        Before before, after;
        for (const Guarded& m : memories)
            before[&m] = m.copy();
        std::vector<halide_buffer_t*> arguments;
        for (const auto& d : c.buffers)
            arguments.push_back(&d->buffer);
        CFunction::runtime() = {};
        const int code = f.call(arguments);
        for (const Guarded& m : memories)
            after[&m] = m.copy();
        (code == 0 ? right : refused)++;
        if (c.plain)
            CHECK_MESSAGE(code == 0,
                          (CFunction::runtime().errors.empty() ? "" : CFunction::runtime().errors[0]));
        if (code != 0) {
            CHECK(CFunction::runtime().errors.size() == 1);
            CHECK(after == before);
            continue;
        }
        if (c.asks && after == before) continue; // it told the bounds
        Before expected = before;
        for (size_t n = 0; n < c.buffers.size(); ++n) {
            const Described& d = *c.buffers[n];
            if (!f.parameters[n].output) continue;
            CHECK(!overlaps_itself(d));
            for (const auto& at : d.positions()) {
                const std::vector<uint8_t> value = f.expected(c, before, n, at);
                std::ranges::copy(value,
                                  expected[d.memory].begin() + static_cast<std::ptrdiff_t>(d.place(at)));
            }
        }
        CHECK(after == expected);
    }
    CHECK(right > cases / 5);
    CHECK(refused > cases / 10);
}

const int cases = count(6000, 100000);

} // namespace

TEST_CASE("random buffers: an image") {
    Param H("H"), W("W");
    Input in("in", Int(16), {H, W});
    Var y("y"), x("x");
    Func out("out", Int(16), {H, W});
    out(y, x) = cast(Int(16), in(y, x) * 3);
    Schedule s(out);
    s[out].vectorize(x, 8).parallel(y);
    const CFunction function(s, "image");
    const auto both = [](const std::vector<int>& n) { return std::vector<int>{n[1], n[0]}; };
    fuzz({{{halide_type_of<int16_t>(), false, both}, {halide_type_of<int16_t>(), true, both}},
          2,
          [&](const auto& b) { return function(b[0], b[1]); },
          [](const Case& c, const Before& before, size_t, const std::vector<int>& at) {
              return as_bytes(static_cast<int16_t>(element<int16_t>(before, *c.buffers[0], at) * 3));
          }},
         1000, cases);
}

TEST_CASE("random buffers: a gemm") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].vectorize(g.j, 8);
    const CFunction function(s, "multiply");
    const halide_type_t type = halide_type_of<float>();
    // C[M, N] = A[M, K] · B[K, N]; sizes are M, N, K. Small integers as floats, so that sums are exact.
    fuzz({{{type, false, [](const auto& n) { return std::vector<int>{n[2], n[0]}; }},
           {type, false, [](const auto& n) { return std::vector<int>{n[1], n[2]}; }},
           {type, true, [](const auto& n) { return std::vector<int>{n[1], n[0]}; }}},
          3,
          [&](const auto& b) { return function(b[0], b[1], b[2]); },
          [](const Case& c, const Before& before, size_t, const std::vector<int>& at) {
              float sum = 0;
              for (int k = 0; k < c.sizes[2]; ++k)
                  sum = std::fma(element<float>(before, *c.buffers[0], {k, at[1]}),
                                 element<float>(before, *c.buffers[1], {at[0], k}), sum);
              return as_bytes(sum);
          }},
         2000, cases);
}

TEST_CASE("random buffers: two outputs of other sizes") {
    Param N("N");
    Input in("in", UInt(8), {Operand(2 * N + 1)});
    Var i("i");
    Func sums("sums", Int(32), {N}), last("last", Int(32), Shape{});
    sums(i) = cast(Int(32), in(2 * i) + in(2 * i + 1));
    last() = cast(Int(32), in(2 * N));
    Schedule s({in}, {sums, last});
    const CFunction function(s, "pairs");
    fuzz({{{halide_type_of<uint8_t>(), false, [](const auto& n) { return std::vector<int>{2 * n[0] + 1}; }},
           {halide_type_of<int32_t>(), true, [](const auto& n) { return std::vector<int>{n[0]}; }},
           {halide_type_of<int32_t>(), true, [](const auto&) { return std::vector<int>{}; }}},
          1,
          [&](const auto& b) { return function(b[0], b[1], b[2]); },
          [](const Case& c, const Before& before, size_t buffer, const std::vector<int>& at) {
              const auto x = [&](int n) {
                  return static_cast<int32_t>(element<uint8_t>(before, *c.buffers[0], {n}));
              };
              return as_bytes(buffer == 1 ? x(2 * at[0]) + x(2 * at[0] + 1) : x(2 * c.sizes[0]));
          }},
         3000, cases);
}
