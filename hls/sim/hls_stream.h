// Streams as Vitis HLS has them, bounded, for simulation: see lathe_marks.h. C++14.
#ifndef LATHE_HLS_STREAM_H
#define LATHE_HLS_STREAM_H

#ifdef __SYNTHESIS__
#error "this hls_stream.h simulates: synthesis has its own"
#endif

#include "lathe_ring.h"
#include "lathe_sim.h"

#include <string>
#include <type_traits>

namespace hls {

template <class T, int Depth = 0> class stream;

/// A stream of any depth: what functions take. Its own depth is 2, if LATHE_STREAM does not say another.
/// The last arguments of the members are the line of the call, which messages name.
template <class T> class stream<T, 0> : public lathe_sim::Channel {
    typedef const char* File;

    // Arguments of operators, which know their line.
    struct Token {
        template <class U, class = typename std::enable_if<std::is_convertible<const U&, T>::value>::type>
        Token(const U& value, int line = __builtin_LINE(), File file = __builtin_FILE())
            : value(value), at{file, line} {}
        T value;
        lathe_sim::Place at;
    };
    struct Target {
        Target(T& value, int line = __builtin_LINE(), File file = __builtin_FILE())
            : value(value), at{file, line} {}
        T& value;
        lathe_sim::Place at;
    };

  public:
    typedef T value_type;

    stream(int line = __builtin_LINE(), File file = __builtin_FILE())
        : Channel("stream", nullptr, 2, sizeof(stream), {file, line}) {}
    explicit stream(const std::string& name, int line = __builtin_LINE(), File file = __builtin_FILE())
        : Channel("stream", name.c_str(), 2, sizeof(stream), {file, line}) {}

    T read(File file = __builtin_FILE(), int line = __builtin_LINE()) {
        before_read({file, line});
        return pop();
    }
    void read(T& value, File file = __builtin_FILE(), int line = __builtin_LINE()) {
        before_read({file, line});
        value = pop();
    }
    void operator>>(Target to) {
        before_read(to.at);
        to.value = pop();
    }
    void write(const T& value, File file = __builtin_FILE(), int line = __builtin_LINE()) {
        before_write({file, line});
        push(value);
    }
    void operator<<(const Token& token) {
        before_write(token.at);
        push(token.value);
    }

    /// Reads if there is a token.
    bool read_nb(T& value, File file = __builtin_FILE(), int line = __builtin_LINE()) {
        asked(fill == 0, {file, line});
        if (fill == 0) return false;
        read(value, file, line);
        return true;
    }
    /// Writes if there is room.
    bool write_nb(const T& value, File file = __builtin_FILE(), int line = __builtin_LINE()) {
        asked(fill == depth, {file, line});
        if (fill == depth) return false;
        write(value, file, line);
        return true;
    }
    bool empty(File file = __builtin_FILE(), int line = __builtin_LINE()) const {
        asked(fill == 0, {file, line});
        return fill == 0;
    }
    bool full(File file = __builtin_FILE(), int line = __builtin_LINE()) const {
        asked(fill == depth, {file, line});
        return fill == depth;
    }
    size_t size(File file = __builtin_FILE(), int line = __builtin_LINE()) const {
        asked(fill == 0, {file, line});
        return fill;
    }
    size_t capacity() const { return depth; }
    void set_name(const char* name) { declare(name, depth); }

  protected:
    stream(const char* name, size_t depth, lathe_sim::Place declared)
        : Channel("stream", name, depth, sizeof(stream), declared) {}

  private:
    T pop() {
        T value = ring.pop();
        after_read();
        return value;
    }
    void push(const T& value) {
        ring.back(fill, depth) = value;
        after_write();
    }

    lathe_sim::Ring<T> ring;
};

template <class T, int Depth> class stream : public stream<T, 0> {
    static_assert(Depth > 0, "the depth of a stream is positive");

  public:
    stream(int line = __builtin_LINE(), const char* file = __builtin_FILE())
        : stream<T, 0>(nullptr, Depth, {file, line}) {}
    explicit stream(const std::string& name, int line = __builtin_LINE(), const char* file = __builtin_FILE())
        : stream<T, 0>(name.c_str(), Depth, {file, line}) {}
};

} // namespace hls

#endif
