// A file of assembly: with it the compiler allows a function without a body (Expand).
