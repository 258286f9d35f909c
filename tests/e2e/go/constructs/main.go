package main

var all []any

func main() { println(len(all)) }
