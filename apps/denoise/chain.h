#pragma once
/// \file Stages of windows over images, with and without borders.

#include <functional>
#include <lathe/lathe.h>

/// What windows read beyond the edges. valid: nothing, so each stage is smaller than what it reads. The
/// others give every stage the input's size, and hold for each of them: zeros, the edge repeated, the image
/// mirrored with or without its edge.
enum class Borders : uint8_t { valid, constant, clamp, mirror, mirror_interior };
const std::vector<std::string>& border_names();
/// \throws lathe::Error when there is none of this name.
Borders borders_of(const std::string& name);

/// Rows and columns.
struct Reach {
    int64_t y = 0, x = 0;
};

/// An image: an input, or a stage.
struct Picture {
    Reach margin; ///< at each edge of the input: what it has not
    std::function<lathe::Expr(const lathe::Expr& y, const lathe::Expr& x)> element;
};

/// What became of it.
struct Filter {
    std::vector<lathe::Input> inputs;
    std::vector<lathe::Func> stages; ///< the last one is the output
    lathe::Var y, x;
    const lathe::Func& out() const { return stages.back(); }
};

/// Makes a Filter, stage by stage.
class Chain {
  public:
    /// An element of a picture, so many rows and columns from the point.
    using At = std::function<lathe::Expr(const Picture& from, int64_t dy, int64_t dx)>;

    Chain(Borders borders, int64_t height, int64_t width);
    Picture input(const std::string& name, lathe::Type type);
    /// A stage whose points are computed from pictures none of which lacks more than `smallest`, up to so
    /// many rows and columns away.
    Picture stage(const std::string& name, lathe::Type type, const Picture& smallest, Reach reach,
                  const std::function<lathe::Expr(const At&)>& value);
    const Filter& filter() const { return made; }

  private:
    /// The tensor with its borders.
    template <class T> Picture picture(const T& tensor, Reach margin) const;

    Borders borders;
    int64_t height, width;
    Filter made;
};
