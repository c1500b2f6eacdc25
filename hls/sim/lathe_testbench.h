// What the test benches that Lathe writes need: tensors in text files, and their comparison.
// A file has one element in a line: its bits in hexadecimal.
#ifndef LATHE_TESTBENCH_H
#define LATHE_TESTBENCH_H

#include "lathe_hls.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <string>

namespace lathe {

/// An element from its bits: 64-bit limbs, the lowest first.
template <class T> T from_limbs(const uint64_t* limbs) {
    ap_uint<width_of<T>::value> b = 0;
    for (int i = (width_of<T>::value + 63) / 64; i-- > 0;)
        b = width_of<T>::value > 64 ? (b << 64) | ap_uint<width_of<T>::value>(limbs[i])
                                    : ap_uint<width_of<T>::value>(limbs[i]);
    return from_bits<T>(b);
}
template <class T> void to_limbs(const T& x, uint64_t* limbs) {
    ap_uint<width_of<T>::value> b = bits(x);
    for (int i = 0; i < (width_of<T>::value + 63) / 64; ++i) {
        limbs[i] = b.to_uint64();
        b = width_of<T>::value > 64 ? b >> 64 : ap_uint<width_of<T>::value>(0);
    }
}

/// Exactly the digits of a T, and no bit beyond its width?
template <class T> bool is_hex(const std::string& text) {
    const size_t digits = (width_of<T>::value + 3) / 4, odd = width_of<T>::value % 4;
    if (text.size() != digits || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        return false;
    return odd == 0 || std::stoi(text.substr(0, 1), nullptr, 16) < (1 << odd);
}
template <class T> T from_hex(const std::string& text) {
    uint64_t limbs[(width_of<T>::value + 63) / 64] = {};
    for (size_t i = 0; i < text.size(); ++i) {
        const size_t digit = text.size() - 1 - i; // counted from the right
        limbs[digit / 16] |= uint64_t(std::stoi(text.substr(i, 1), nullptr, 16)) << (digit % 16 * 4);
    }
    return from_limbs<T>(limbs);
}
template <class T> std::string to_hex(const T& x) {
    const int digits = (width_of<T>::value + 3) / 4;
    uint64_t limbs[(width_of<T>::value + 63) / 64] = {};
    to_limbs(x, limbs);
    std::string text;
    for (int i = digits; i-- > 0;)
        text += "0123456789abcdef"[limbs[i / 16] >> (i % 16 * 4) & 15];
    return text;
}

/// A tensor's elements, at least one.
template <class T> struct tensor {
    size_t size;
    std::unique_ptr<T[]> data;
    explicit tensor(size_t n) : size(n), data(new T[n > 0 ? n : 1]()) {}
};

template <class T> tensor<T> read(const std::string& path, size_t size) {
    std::ifstream file(path.c_str());
    if (!file)
        throw std::runtime_error(path +
                                 " cannot be read: run the test bench in the project's folder, or name "
                                 "its folder data");
    tensor<T> t(size);
    std::string line;
    for (size_t i = 0; i < size; ++i) {
        if (!std::getline(file, line))
            throw std::runtime_error(path + ": element " + std::to_string(i) + " is missing");
        if (!is_hex<T>(line))
            throw std::runtime_error(path + ": line " + std::to_string(i + 1) + " does not hold " +
                                     std::to_string(width_of<T>::value) + " bits in " +
                                     std::to_string((width_of<T>::value + 3) / 4) + " hexadecimal digits");
        t.data[i] = from_hex<T>(line);
    }
    if (std::getline(file, line))
        throw std::runtime_error(path + ": there are more than " + std::to_string(size) + " elements");
    return t;
}

/// Prints the first element that differs, and says whether none does. The NaNs of a type are one.
template <class T> bool same(const char* name, const tensor<T>& got, const tensor<T>& expected) {
    for (size_t i = 0; i < got.size; ++i)
        if (bits(got.data[i]) != bits(expected.data[i])) {
            std::cout << name << ": element " << i << " is 0x" << to_hex(got.data[i]) << " instead of 0x"
                      << to_hex(expected.data[i]) << "\n";
            return false;
        }
    return true;
}

} // namespace lathe

#endif
