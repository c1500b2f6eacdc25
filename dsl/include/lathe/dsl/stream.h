#pragma once
/// \file Streams: how kernels that run at the same time hand values to each other.
///
///     InStream in("in", Int(32));
///     OutStream out("out", Int(32));
///     Param N("N");
///     Kernel add_one("add_one", {in, out, N}, [&](KernelBody& b) {
///         b.for_(i, 0, N, [&] { b.push(out, b.pop(in) + 1); });
///     });
///     Kernel chain("chain", {x, y}, [&](KernelBody& b) {
///         b.dataflow([&] {
///             Stream s = b.stream("s", Int(32), {9}, 2);
///             b.call(load, {x, s(0)});
///             b.spawn({{i, 8}}, add_one, {s(i), s(i + 1), M});
///             b.call(store, {s(8), y});
///         });
///     });
///
/// A stream passes tokens first in, first out; a block stream passes whole arrays. It has one writer, one
/// reader and a depth; who finds it full or empty waits. So what a network computes depends neither on its
/// depths nor on who runs when. Writer and reader must pass equally many tokens, which must not depend on
/// data.

#include "lathe/dsl/tensor.h"

namespace lathe {

struct StreamData;

/// A stream, as a handle.
class StreamHandle {
  public:
    const std::string& name() const;
    Type type() const; ///< of a token, or of a block's elements
    Loc loc() const;
    const std::shared_ptr<StreamData>& data() const { return stream; }

  protected:
    explicit StreamHandle(std::shared_ptr<StreamData> s) : stream(std::move(s)) {}
    std::shared_ptr<StreamData> stream;
};

/// One stream, or one of an array of streams.
class StreamRef {
  public:
    StreamRef(const StreamHandle& s, Loc l = Loc::current()) : StreamRef(s.data(), {}, l) {}
    /// \throws Error for another number of subscripts than the array has.
    StreamRef(std::shared_ptr<StreamData> s, std::vector<Expr> at, Loc l);
    const std::shared_ptr<StreamData>& data() const { return stream; }
    const std::vector<Expr>& subscripts() const { return at; }
    Loc loc() const { return location; }

  private:
    std::shared_ptr<StreamData> stream;
    std::vector<Expr> at;
    Loc location;
};

/// A stream or an array of streams in a dataflow: `KernelBody::stream`.
class Stream : public StreamHandle {
  public:
    template <class... I>
        requires(Operable<I> && ...)
    StreamRef operator()(const Operand& first, I&&... rest) const {
        return {stream, subscript_list(first, std::forward<I>(rest)...), first.loc()};
    }

  protected:
    friend class KernelBody;
    using StreamHandle::StreamHandle;
};

/// One whose tokens are arrays: `KernelBody::blocks`.
class BlockStream : public Stream {
  private:
    friend class KernelBody;
    using Stream::Stream;
};

/// A kernel's argument that it reads.
class InStream : public StreamHandle {
  public:
    InStream(Name name, Type type);
};

/// A kernel's argument that it writes.
class OutStream : public StreamHandle {
  public:
    OutStream(Name name, Type type);
};

/// A kernel's argument from which it drains blocks of this shape.
class InBlockStream : public StreamHandle {
  public:
    InBlockStream(Name name, Type type, const std::vector<int64_t>& shape);
};

/// A kernel's argument into which it fills blocks of this shape.
class OutBlockStream : public StreamHandle {
  public:
    OutBlockStream(Name name, Type type, const std::vector<int64_t>& shape);
};

/// One dimension of a view: a Range of it, or one position, which leaves the dimension out.
class ViewPart {
  public:
    ViewPart(const Range& r) : range(r), kept(true) {}
    template <class T>
        requires Operable<T>
    ViewPart(T&& x, Loc l = Loc::current())
        : range(Operand(std::forward<T>(x), l), Operand(1, l)), kept(false) {}
    Range range;
    bool kept;
};

/// A part of a tensor as an argument of a call: `view(t, {Range(8 * i, 8), 3})` is the 8 elements from 8·i in
/// dimension 0, at 3 in dimension 1, as a tensor of one dimension.
class View {
  public:
    View(std::shared_ptr<TensorData> t, std::vector<ViewPart> p, Loc l)
        : tensor(std::move(t)), parts(std::move(p)), loc(l) {}

  private:
    friend struct CallArgument;
    std::shared_ptr<TensorData> tensor;
    std::vector<ViewPart> parts;
    Loc loc;
};

} // namespace lathe
