// C++ for Vitis HLS as a user writes it, and wrong programs: programs NAME... runs some of them and says
// whether their results are right, or what the simulation reports. C++14.

#include "hls_stream.h"
#include "hls_streamofblocks.h"

#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>

namespace {

typedef hls::stream<int> Ints;

void load(const int* in, Ints& out, int n) {
    for (int i = 0; i < n; ++i)
        out.write(in[i]);
}
void copy(Ints& in, Ints& out, int n) {
    for (int i = 0; i < n; ++i)
        out << in.read() + 1;
}
void store(Ints& in, int* out, int n) {
    for (int i = 0; i < n; ++i)
        in >> out[i];
}

const int size = 100;

struct Data {
    int in[size + 1], out[size];
    Data() : in() {
        for (int i = 0; i < size; ++i) {
            in[i] = i * i % 37;
            out[i] = -1;
        }
    }
    /// The first n results are value(i).
    template <class Value> void expect(int n, Value value) const {
        for (int i = 0; i < n; ++i)
            if (out[i] != value(i)) throw std::runtime_error("result " + std::to_string(i) + " is wrong");
    }
};

void chain(Data& d) {
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    Ints a("a");
    hls::stream<int, 4> b("b");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(copy(a, b, size));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + 1; });
}

// --- split and join: the second branch needs all of the first's tokens to be kept -------------------------

void split(Ints& in, Ints& left, Ints& right, int n) {
    for (int i = 0; i < n; ++i) {
        const int x = in.read();
        left.write(x);
        right.write(x);
    }
}
void late(Ints& in, Ints& out, int n) { // its output begins when 8 tokens are read
    int held[8] = {};
    for (int i = 0; i < n + 8; ++i) {
        if (i >= 8) out.write(held[i % 8]);
        if (i < n) held[i % 8] = in.read();
    }
}
void join(Ints& a, Ints& b, int* out, int n) {
    for (int i = 0; i < n; ++i)
        out[i] = a.read() * 1000 + b.read();
}
void split_join(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s("s"), direct("direct"), to_late("to_late"), from_late("from_late");
    LATHE_STREAM(direct, 8)
    LATHE_PROCESS(load(d.in, s, size));
    LATHE_PROCESS(split(s, direct, to_late, size));
    LATHE_PROCESS(late(to_late, from_late, size));
    LATHE_PROCESS(join(direct, from_late, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] * 1001; });
}

// --- feedback ----------------------------------------------------------------------------------------------

void sum(Ints& in, Ints& back, Ints& forth, int* out, int n) {
    for (int i = 0; i < n; ++i) {
        out[i] = in.read() + back.read();
        if (i < n - 2) forth.write(out[i]);
    }
}
void delay(Ints& in, Ints& out, int n) {
    out.write(0);
    out.write(0);
    for (int i = 0; i < n - 2; ++i)
        out.write(in.read());
}
void feedback(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s("s"), back("back"), forth("forth");
    LATHE_PROCESS(load(d.in, s, size));
    LATHE_PROCESS(sum(s, back, forth, d.out, size));
    LATHE_PROCESS(delay(forth, back, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + (i < 2 ? 0 : d.out[i - 2]); });
}

// --- blocks ------------------------------------------------------------------------------------------------

typedef int Block[2][5];
void fill_block(const int* in, int block[2][5]) {
    for (int i = 0; i < 10; ++i)
        block[i / 5][i % 5] = in[i];
}
void fill(const int* in, hls::stream_of_blocks<Block>& out) {
    for (int b = 0; b < size / 10; ++b) {
        hls::write_lock<Block> block(out);
        fill_block(in + b * 10, block);
    }
}
void drain(hls::stream_of_blocks<Block>& in, int* out) {
    for (int b = 0; b < size / 10; ++b) {
        hls::read_lock<Block> block(in);
        for (int i = 0; i < 10; ++i)
            out[b * 10 + i] = block[1 - i / 5][4 - i % 5];
    }
}
void blocks(Data& d) {
    LATHE_DATAFLOW_BEGIN
    hls::stream_of_blocks<Block> tiles("tiles");
    LATHE_PROCESS(fill(d.in, tiles));
    LATHE_PROCESS(drain(tiles, d.out));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i / 10 * 10 + 9 - i % 10]; });
}
void two_locks(Data& d) {
    LATHE_DATAFLOW_BEGIN
    hls::stream_of_blocks<Block> tiles("tiles");
    hls::write_lock<Block> a(tiles);
    hls::write_lock<Block> b(tiles);
    b[0][0] = d.in[0];
    LATHE_DATAFLOW_END
}

// --- a 2x2 array: rows go right, columns go down, sums stay
// -------------------------------------------------

void pe(Ints& left, Ints& right, Ints& up, Ints& down, int* result, bool passes_right, bool passes_down) {
    int sum = 0;
    for (int k = 0; k < 10; ++k) {
        const int a = left.read(), b = up.read();
        sum += a * b;
        if (passes_right) right.write(a);
        if (passes_down) down.write(b);
    }
    *result = sum;
}
void grid(Data& d, int depth) {
    LATHE_DATAFLOW_BEGIN
    Ints across[2][3], along[3][2];
#pragma HLS stream variable = across depth = 2
    LATHE_STREAM(across, 2)
    LATHE_STREAM(along, static_cast<size_t>(depth))
    for (int i = 0; i < 2; ++i) {
#pragma HLS unroll
        LATHE_PROCESS_AT((i), load(d.in + 10 * i, across[i][0], 10));
        LATHE_PROCESS_AT((i), load(d.in + 20 + 10 * i, along[0][i], 10));
    }
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) {
            LATHE_PROCESS_AT((i, j), pe(across[i][j], across[i][j + 1], along[i][j], along[i + 1][j],
                                        d.out + 2 * i + j, j == 0, i == 0));
        }
    LATHE_DATAFLOW_END
    d.expect(4, [&](int i) {
        int sum = 0;
        for (int k = 0; k < 10; ++k)
            sum += d.in[i / 2 * 10 + k] * d.in[20 + i % 2 * 10 + k];
        return sum;
    });
}

// --- regions in regions, and in a loop
// -----------------------------------------------------------------------

void two_copies(Ints& in, Ints& out, int n) {
    LATHE_DATAFLOW_BEGIN
    Ints between("between");
    LATHE_PROCESS(copy(in, between, n));
    LATHE_PROCESS(copy(between, out, n));
    LATHE_DATAFLOW_END
}
void nested(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b"), c("c");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(two_copies(a, b, size));
    LATHE_PROCESS(two_copies(b, c, size));
    LATHE_PROCESS(store(c, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + 4; });
}
void rows(Ints& in, Ints& out) {
    for (int row = 0; row < 10; ++row)
        two_copies(in, out, 10);
}
void in_a_loop(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(rows(a, b));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + 2; });
}
void nested_deadlock(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(load(d.in, a, size - 1));
    LATHE_PROCESS(two_copies(a, b, size));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
}

// --- an array between two processes, of which the first waits
// --------------------------------------------------

void tabulate(Ints& in, int* table, int n) {
    for (int i = 0; i < n; ++i)
        table[i] = in.read();
}
void look_up(const int* table, int* out, int n) {
    for (int i = 0; i < n; ++i)
        out[i] = table[n - 1 - i];
}
void buffer(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s("s");
    int table[size];
    LATHE_BUFFER(table)
    LATHE_PROCESS(tabulate(s, table, size));
    LATHE_PROCESS(look_up(table, d.out, size));
    LATHE_PROCESS(load(d.in, s, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[size - 1 - i]; });
}
void buffer_shared(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s("s");
    int table[size];
    LATHE_BUFFER(table)
    LATHE_PROCESS(tabulate(s, table, size));
    LATHE_PROCESS(look_up(table, d.out, size));
    LATHE_PROCESS(load(d.in, s, size));
    LATHE_PROCESS(look_up(table, d.out, size));
    LATHE_DATAFLOW_END
}
void buffer_deadlock(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s("s");
    int table[size];
    LATHE_BUFFER(table)
    LATHE_PROCESS(tabulate(s, table, size));
    LATHE_PROCESS(look_up(table, d.out, size));
    LATHE_PROCESS(load(d.in, s, size - 1));
    LATHE_DATAFLOW_END
}

// --- questions
// -------------------------------------------------------------------------------------------------

void merge(Ints& a, Ints& b, Ints& out, int n) {
    int x = 0;
    for (int done = 0; done < n;) {
        if (!a.empty() && !out.full()) {
            out.write(a.read());
            ++done;
        }
        if (b.read_nb(x)) {
            while (!out.write_nb(x)) {
            }
            ++done;
        }
    }
}
void add_up(Ints& in, int* out, int n) {
    out[0] = 0;
    for (int i = 0; i < n; ++i)
        out[0] += in.read();
}
void merged(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b"), c("c");
    LATHE_PROCESS(load(d.in, a, 40));
    LATHE_PROCESS(load(d.in + 40, b, 60));
    LATHE_PROCESS(merge(a, b, c, 100));
    LATHE_PROCESS(add_up(c, d.out, 100));
    LATHE_DATAFLOW_END
    d.expect(1, [&](int) { return std::accumulate(d.in, d.in + size, 0); });
}
/// Its result depends on who comes first.
void race(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b"), c("c");
    LATHE_PROCESS(load(d.in, a, 50));
    LATHE_PROCESS(load(d.in + 50, b, 50));
    LATHE_PROCESS(merge(a, b, c, 100));
    LATHE_PROCESS(store(c, d.out, 100));
    LATHE_DATAFLOW_END
    for (const int x : d.out)
        std::cout << x << " ";
}
void ask_forever(Ints& in, int* out) {
    while (in.empty()) {
    }
    out[0] = in.read();
}
void livelock(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a");
    LATHE_PROCESS(ask_forever(a, d.out));
    LATHE_DATAFLOW_END
}
void livelock_full(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a");
    LATHE_PROCESS(while (!a.full()) d.out[0] = 0);
    LATHE_DATAFLOW_END
}
void livelock_outside(Data& d) {
    Ints a("a");
    ask_forever(a, d.out);
}
void circle(Ints& in, Ints& out) {
    out.write(1);
    for (;;)
        out.write(in.read());
}
void endless(Data&) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(circle(a, b));
    LATHE_PROCESS(circle(b, a));
    LATHE_DATAFLOW_END
}

// --- wrong programs
// --------------------------------------------------------------------------------------------

void deadlock(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints s[3];
    LATHE_STREAM(s, 3)
    Ints unnamed;
    LATHE_PROCESS(load(d.in, s[0], size));
    LATHE_PROCESS(split(s[0], s[1], s[2], size));
    LATHE_PROCESS(late(s[2], unnamed, size));
    LATHE_PROCESS(join(s[1], unnamed, d.out, size));
    LATHE_DATAFLOW_END
}
void leftover(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a[1], unread("unread");
    LATHE_STREAM(a, 8)
    LATHE_PROCESS(load(d.in, a[0], 10));
    LATHE_PROCESS(store(a[0], d.out, 7));
    LATHE_PROCESS(load(d.in, unread, 1));
    LATHE_DATAFLOW_END
}
void leftover_outside(Data& d) {
    Ints a("a");
    LATHE_DATAFLOW_BEGIN
    LATHE_PROCESS(load(d.in, a, 2));
    LATHE_DATAFLOW_END
    d.out[0] = a.read();
}
void unmarked_read(Data& d) {
    Ints a("a");
    store(a, d.out, size);
}
void unmarked_write(Data& d) {
    Ints a("a");
    load(d.in, a, size);
    store(a, d.out, size);
}
void unmarked_inside(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a");
    LATHE_PROCESS(load(d.in, a, size));
    store(a, d.out, size);
    LATHE_DATAFLOW_END
}
void plain_calls(Ints& in, Ints& out, int n) {
    Ints between("between");
    copy(in, between, n);
    copy(between, out, n);
}
void unmarked_nested(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(plain_calls(a, b, size));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
}
void two_readers(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(store(a, d.out, size / 2));
    LATHE_PROCESS(store(a, d.out + size / 2, size / 2));
    LATHE_DATAFLOW_END
}
void no_depth(Data&) {
    Ints a("a");
    LATHE_STREAM(a, 0)
}

/// Says when it ends.
struct Witness {
    const char* name;
    ~Witness() { std::cout << "end of " << name << "\n"; }
};
void wait_for(Ints& in, int* out) {
    const Witness w{"wait_for"};
    *out = in.read();
}
void fail_at(Ints& in, int n) {
    const Witness w{"fail_at"};
    for (int i = 0; i < n; ++i)
        in.read();
    throw std::runtime_error("the user's own error");
}
void exception(Data& d) {
    const Witness w{"exception"};
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), never("never");
    LATHE_PROCESS(wait_for(never, d.out));
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(fail_at(a, 5));
    LATHE_DATAFLOW_END
}
void exception_nested(Data& d) {
    LATHE_DATAFLOW_BEGIN
    LATHE_PROCESS(exception(d));
    LATHE_DATAFLOW_END
}
void exception_outside(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints never("never");
    LATHE_PROCESS(wait_for(never, d.out));
    throw std::runtime_error("the body's error");
    LATHE_DATAFLOW_END
}

/// Waits while it handles an exception, as others do.
void recover(Ints& in, Ints& out, int n) {
    for (int i = 0; i < n; ++i)
        try {
            throw i;
        } catch (const int which) {
            out.write(in.read() + which);
        }
}
void in_handlers(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b"), c("c");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(recover(a, b, size));
    LATHE_PROCESS(recover(b, c, size));
    LATHE_PROCESS(store(c, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + 2 * i; });
}

void reverse(Ints& in, Ints& out, int n) {
    volatile int kept[6000000];
    for (int i = 0; i < n; ++i)
        kept[i * 60000] = in.read();
    for (int i = 0; i < n; ++i)
        out << kept[(n - 1 - i) * 60000];
}
void large(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(reverse(a, b, size));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[size - 1 - i]; });
}

// --- what goes on after an error
// --------------------------------------------------------------------------------

template <class F> void expect_error(F f) {
    try {
        f();
    } catch (const std::runtime_error&) {
        return;
    }
    throw std::logic_error("an error is missing");
}

/// Ends the exception that ends its process, too.
void stubborn(Ints& in, int* out) {
    try {
        *out = in.read();
    } catch (...) {
        throw std::runtime_error("in place of what ends a process");
    }
}
void through(Ints& a, Ints& b, Data& d, int n) {
    LATHE_DATAFLOW_BEGIN
    LATHE_PROCESS(load(d.in, a, n));
    LATHE_PROCESS(copy(a, b, n));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
}
/// Its region fails; it goes on.
void recovering(Ints& in, Ints& out, int n) {
    expect_error([&] {
        LATHE_DATAFLOW_BEGIN
        LATHE_PROCESS(copy(in, out, n));
        throw std::runtime_error("the body's error");
        LATHE_DATAFLOW_END
    });
    copy(in, out, n);
}
void recovered(Data& d) {
    LATHE_DATAFLOW_BEGIN
    Ints a("a"), b("b");
    LATHE_PROCESS(recovering(a, b, size));
    LATHE_PROCESS(load(d.in, a, size));
    LATHE_PROCESS(store(b, d.out, size));
    LATHE_DATAFLOW_END
    d.expect(size, [&](int i) { return d.in[i] + 1; });
}
void again(Data& d) {
    static Ints a("a");
    Ints b("b");
    through(a, b, d, size);
    expect_error([&] { through(a, b, d, size - 1); });
    through(a, b, d, size);
    expect_error([&] { through(a, b, d, size + 1); });
    through(a, b, d, size);
    expect_error([&] {
        LATHE_DATAFLOW_BEGIN
        LATHE_PROCESS(stubborn(b, d.out));
        LATHE_PROCESS(load(d.in, a, size));
        throw std::runtime_error("the body's error");
        LATHE_DATAFLOW_END
    });
    through(a, b, d, size);
    d.expect(size, [&](int i) { return d.in[i] + 1; });
}

// --- a test bench that fills a stream before the call, and reads one after it
// -----------------------------------

void bench(Data& d) {
    Ints in("in"), out("out");
    LATHE_STREAM(in, LATHE_UNBOUNDED)
    LATHE_STREAM(out, LATHE_UNBOUNDED)
    for (int call = 0; call < 2; ++call) {
        load(d.in, in, size);
        two_copies(in, out, size);
        store(out, d.out, size);
        d.expect(size, [&](int i) { return d.in[i] + 2; });
    }
}

void run(const std::string& name, Data& d) {
    struct Entry {
        const char* name;
        void (*function)(Data&);
    };
    const Entry entries[] = {{"chain", chain},
                             {"split_join", split_join},
                             {"feedback", feedback},
                             {"blocks", blocks},
                             {"two_locks", two_locks},
                             {"grid", [](Data& data) { grid(data, 2); }},
                             {"nested", nested},
                             {"in_a_loop", in_a_loop},
                             {"nested_deadlock", nested_deadlock},
                             {"buffer", buffer},
                             {"buffer_deadlock", buffer_deadlock},
                             {"buffer_shared", buffer_shared},
                             {"merged", merged},
                             {"race", race},
                             {"livelock", livelock},
                             {"livelock_full", livelock_full},
                             {"livelock_outside", livelock_outside},
                             {"endless", endless},
                             {"deadlock", deadlock},
                             {"leftover", leftover},
                             {"leftover_outside", leftover_outside},
                             {"unmarked_read", unmarked_read},
                             {"unmarked_write", unmarked_write},
                             {"unmarked_inside", unmarked_inside},
                             {"unmarked_nested", unmarked_nested},
                             {"two_readers", two_readers},
                             {"no_depth", no_depth},
                             {"exception", exception},
                             {"exception_nested", exception_nested},
                             {"exception_outside", exception_outside},
                             {"in_handlers", in_handlers},
                             {"recovered", recovered},
                             {"again", again},
                             {"large", large},
                             {"bench", bench}};
    for (const Entry& e : entries)
        if (name == e.name) return e.function(d);
    throw std::runtime_error("there is no program " + name);
}

} // namespace

/// programs NAME...: each says that its results are right, or what is wrong; one after the other, also after
/// an error.
int main(int count, char** arguments) {
    int status = 0;
    for (int i = 1; i < count; ++i)
        try {
            Data d;
            run(arguments[i], d);
            std::cout << arguments[i] << ": right\n";
        } catch (const std::exception& e) {
            std::cout << e.what() << "\n";
            status = 1;
        }
    return status;
}
