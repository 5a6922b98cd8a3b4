#include "tallfit/app/run.hpp"

int main(int argc, char** argv) { return tallfit::app::run(argc, argv); }
