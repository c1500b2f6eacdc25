#include <HalideRuntime.h>
#include <iostream>
#include <lathe/lathe.h>

int main() {
    halide_set_num_threads(1);
    std::cout << lathe::Int(15).str() << '\n';
}
