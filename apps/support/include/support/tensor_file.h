#pragma once
/// \file Files of named tensors, as apps/lenet/train/tensors.py writes them: weights.

#include <lathe/ir/buffer.h>

#include <map>
#include <string>

namespace support {

/// Every tensor of the file: floats as Float(32), integers as they are, bits as Bool. The file's check sum is
/// compared before anything is used. \throws lathe::Error with the path and the reason when the file cannot
/// be read, is empty, cut, damaged, or of another format.
std::map<std::string, lathe::AnyBuffer> read_tensor_file(const std::string& path);

/// The tensor of this name and shape, of the file at `path`. \throws lathe::Error naming the file, and both
/// shapes or the tensors that there are.
const lathe::AnyBuffer& tensor_of(const std::map<std::string, lathe::AnyBuffer>& all, const std::string& name,
                                  const std::vector<int64_t>& shape, const std::string& path);

/// A new buffer with each element cast to `type`.
lathe::AnyBuffer converted(const lathe::AnyBuffer& from, lathe::Type type);

/// Along the last axis: 64 Bools, say, become one UInt(64), the first in the lowest bit.
lathe::AnyBuffer packed(const lathe::AnyBuffer& bits);

} // namespace support
