module tracework

go 1.21
